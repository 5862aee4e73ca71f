/** What the container of backups runs. */
import { hasBackups } from '@peakstone/backup';
import { readPort } from '@peakstone/kernel/config';
import { jsonResponse, serveHttp } from '@peakstone/kernel/http';
import type { Health, Running } from '@peakstone/kernel/service';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import { givenDatabaseUrl } from './databaseUrl.ts';
import { backupMethod } from './method.ts';
import { startBackupService } from './start.ts';

/** Where the health command asks; never routed. */
const defaultHealthPort = 8010;

/**
 * Makes backups as the environment says until it is stopped; without BACKUP_STORE it says so and waits.
 * @throws {ConfigError} naming the variable
 */
export async function runBackups(env: EnvValues, write: (text: string) => void): Promise<Running> {
  const service = hasBackups(env) ? startService(env, write) : idle(write);
  const server = await serveHttp(
    async () => {
      const health = await service.health();
      return jsonResponse(health.ok ? 200 : 503, health);
    },
    { host: '127.0.0.1', port: readPort(env, 'BACKUP_HEALTH_PORT', { default: defaultHealthPort }) },
  );
  return {
    health: () => service.health(),
    async stop() {
      await server.close();
      await service.stop();
    },
  };
}

function startService(env: EnvValues, write: (text: string) => void): Running {
  const url = givenDatabaseUrl(env);
  if (url === undefined)
    throw new StackError('config', 'No database is named.', {
      hint: 'Give its address in BACKUP_DATABASE_URL: of a role with REPLICATION, or, with BACKUP_METHOD=logical, of one that may read everything.',
    });
  return startBackupService(env, backupMethod(env), url, line =>
    write(`${new Date().toISOString()} ${line}\n`),
  );
}

function idle(write: (text: string) => void): Running {
  write('No backups are made: BACKUP_STORE is not set.\n');
  return { health: async (): Promise<Health> => ({ ok: true }), stop: async () => undefined };
}
