// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { after, basics, required } from '../../container/basics.ts';
import { ownImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';

export function bootstrapContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const at = databaseEndpoint(stack);
  return {
    ...basics(stack, service.definition),
    image: ownImage(stack, service.definition),
    command: ['db-bootstrap'],
    environment: {
      PEAKSTONE_DATABASE_URL: `postgres://\${POSTGRES_SUPERUSER:-postgres}:\${POSTGRES_SUPERPASS}@${at.host}:${at.port}/\${POSTGRES_DB:-postgres}?sslmode=${at.sslMode}`,
      POSTGRES_DB: '${POSTGRES_DB:-postgres}',
      DB_AUTHENTICATOR_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
      HASURA_DB_PASSWORD: required('HASURA_DB_PASSWORD'),
      DB_MIGRATOR_PASSWORD: required('DB_MIGRATOR_PASSWORD'),
      PEAKSTONE_SCHEMAS: stack.schemas.join(','),
    },
    after: after(stack, ...service.definition.needs),
    hardened: true,
  };
}
