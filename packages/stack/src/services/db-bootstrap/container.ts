// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, passedOn, required } from '../../container/basics.ts';
import { connectionVariables, superuserName } from '../../container/connection.ts';
import { ownImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint, hasOwnDatabase, socketMount } from '../postgres/endpoint.ts';
import { roleVariables } from './variables.ts';

export function bootstrapContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const own = hasOwnDatabase(stack);
  return {
    ...basics(stack, service),
    image: ownImage(stack, service.definition),
    command: ['db-bootstrap'],
    environment: {
      ...connectionVariables(databaseEndpoint(stack), superuserName, 'POSTGRES_SUPERPASS'),
      ...(own ? { PEAKSTONE_DATABASE_SOCKET: socketMount.target } : {}),
      DB_AUTHENTICATOR_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
      HASURA_DB_PASSWORD: required('HASURA_DB_PASSWORD'),
      DB_MIGRATOR_PASSWORD: required('DB_MIGRATOR_PASSWORD'),
      // Empty: nobody logs in with it, as in a stack that was configured before there were backups.
      ...passedOn([{ name: 'DB_BACKUP_PASSWORD' }]),
      // Empty: those that the database has had so far.
      DATABASE_SCHEMAS: `\${DATABASE_SCHEMAS:-${stack.schemas?.join(',') ?? ''}}`,
      DATABASE_SUPABASE: `\${DATABASE_SUPABASE:-${stack.supabase}}`,
      // Empty: what the bootstrap does by itself.
      ...passedOn(roleVariables.map(({ name }) => ({ name }))),
    },
    // Its way in when POSTGRES_SUPERPASS has changed and the server does not know yet.
    ...(own ? { volumes: [socketMount] } : {}),
    hardened: true,
  };
}
