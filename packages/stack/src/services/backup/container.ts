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
  return {
    ...basics(stack, service),
    image: ownImage(stack, service.definition),
    command: ['backup', 'serve'],
    environment: {
      ...passedOn([{ name: 'AWS_REGION' }]),
      // Whose the server of a test is.
      POSTGRES_SUPERUSER: superuserName,
      // The server asks nobody on its own socket for a password.
      ...(own ? { PEAKSTONE_DATABASE_SOCKET: socketMount.target } : {}),
      ...passedOn(backupVariables.map(({ name }) => ({ name }))),
      ...connectionOf(stack, own),
      // Its /tmp is memory, from which no program is run, and the rest cannot be written to.
      ...passedOn([{ name: 'BACKUP_SCRATCH', value: '/backups' }]),
      PEAKSTONE_CACHE_DIR: '/backups/.programs',
      // Which stack it is among its copies.
      PEAKSTONE_BACKUP_HOME: '/backups',
      PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8010/',
    },
    volumes: [{ source: 'backups', volume: 'backups', target: '/backups' }, ...(own ? [socketMount] : [])],
    tmpfs: ['/tmp'],
    health: builtInHealth,
    hardened: true,
    stopGraceS: 30,
  };
}

/** Of others' databases the files are not ours to copy: they are backed up as SQL, by who may read everything. */
function connectionOf(stack: Stack, own: boolean): Record<string, string> {
  const at = databaseEndpoint(stack);
  if (!own)
    return {
      ...connectionVariables(at, superuserName, 'POSTGRES_SUPERPASS'),
      PEAKSTONE_BACKUP_ROLE: superuserName,
      BACKUP_METHOD: '${BACKUP_METHOD:-logical}',
    };
  // Empty where the stack was set up before there were backups.
  const { PGPASSWORD: _required, ...connection } = connectionVariables(at, 'db_backup', 'DB_BACKUP_PASSWORD');
  return { ...connection, ...passedOn([{ name: 'DB_BACKUP_PASSWORD' }]) };
}
