import { connectionUrl } from '@peakstone/database';
import { readPort, readSecret, readString } from '@peakstone/kernel/config';
import type { EnvValues } from '../../project/envFile.ts';

/** The stack’s role for it. */
const ownRole = 'db_backup';

/**
 * The database's address as the environment gives it to a container of its own, or to somebody who backs another database up;
 * undefined where it does not. Pure. @throws {ConfigError} naming the variable
 */
export function givenDatabaseUrl(env: EnvValues): string | undefined {
  if (env.BACKUP_DATABASE_URL) return env.BACKUP_DATABASE_URL;
  const role = env.PEAKSTONE_BACKUP_ROLE || ownRole;
  if (env.PGUSER !== role) return undefined;
  const host: string = env.PEAKSTONE_DATABASE_SOCKET || readString(env, 'PGHOST');
  const endpoint = { host, port: readPort(env, 'PGPORT', { default: 5432 }) };
  // On its socket the server asks for none.
  const password = env.PEAKSTONE_DATABASE_SOCKET
    ? env.DB_BACKUP_PASSWORD
    : readSecret(env, role === ownRole ? 'DB_BACKUP_PASSWORD' : 'PGPASSWORD');
  const url = new URL(connectionUrl(endpoint, env.PGDATABASE || 'postgres', role, password));
  if (env.PGSSLMODE) url.searchParams.set('sslmode', env.PGSSLMODE);
  return url.href;
}
