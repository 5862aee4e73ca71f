// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, passedOn } from '../../container/basics.ts';
import { connectionVariables, superuserName } from '../../container/connection.ts';
import { ownImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint, hasOwnDatabase, socketMount } from '../postgres/endpoint.ts';
import { backupVariables } from './variables.ts';

/** It takes part in every deployment, and does nothing until BACKUP_STORE is set. */
export function backupContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const own = hasOwnDatabase(stack);
  const { PGPASSWORD: _required, ...connection } = connectionVariables(
    databaseEndpoint(stack),
    'db_backup',
    'DB_BACKUP_PASSWORD',
  );
  return {
    ...basics(stack, service),
    image: ownImage(stack, service.definition),
    command: ['backup', 'serve'],
    environment: {
      ...connection,
      ...passedOn([{ name: 'DB_BACKUP_PASSWORD' }, { name: 'AWS_REGION' }]),
      // Whose the server of a trial is.
      POSTGRES_SUPERUSER: superuserName,
      // The server asks nobody on its own socket for a password.
      ...(own ? { PEAKSTONE_DATABASE_SOCKET: socketMount.target } : {}),
      ...passedOn(backupVariables.map(({ name }) => ({ name }))),
      // Its /tmp is memory.
      ...passedOn([{ name: 'BACKUP_SCRATCH', value: '/backups' }]),
      PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8010/',
    },
    volumes: [{ source: 'backups', volume: 'backups', target: '/backups' }, ...(own ? [socketMount] : [])],
    tmpfs: ['/tmp'],
    health: builtInHealth,
    hardened: true,
    stopGraceS: 30,
  };
}
