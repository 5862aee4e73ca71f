import type { RunContext, RunningService } from '../local.ts';
import { givenDatabaseUrl } from './databaseUrl.ts';
import { backupMethod } from './method.ts';
import { startBackupService } from './start.ts';

export async function start({ env, facts, log }: RunContext, _signal: AbortSignal): Promise<RunningService> {
  const method = backupMethod(env);
  // As SQL, everything must be read; files and WAL are for a role of their own.
  const url =
    givenDatabaseUrl(env) ?? (method === 'logical' ? facts.databaseAdminUrl : facts.databaseBackupUrl);
  if (!url) {
    const reason =
      'the database is somebody else’s: give the address of a role with REPLICATION in BACKUP_DATABASE_URL, or BACKUP_METHOD=logical';
    return { health: async () => ({ ok: false, reason, elsewhere: true }), stop: async () => undefined };
  }
  return startBackupService(env, method, url, line => log.write(`${line}\n`));
}
