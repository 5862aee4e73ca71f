import { type BackupEvent, readBackupConfig, startBackups } from '@peakstone/backup';
import type { RunContext, RunningService } from '../local.ts';
import { givenDatabaseUrl } from './databaseUrl.ts';
import { describeBackupEvent } from './describe.ts';
import { trialOn } from './restored.ts';

export async function start(context: RunContext, _signal: AbortSignal): Promise<RunningService> {
  const { env, facts, log } = context;
  const config = readBackupConfig(env, '/');
  const url = givenDatabaseUrl(env) ?? facts.databaseBackupUrl;
  if (!url) {
    const reason =
      'the database is somebody else’s: give the address of a role with REPLICATION in BACKUP_DATABASE_URL';
    return { health: async () => ({ ok: false, reason, elsewhere: true }), stop: async () => undefined };
  }
  const onEvent = (event: BackupEvent): void => {
    const text = describeBackupEvent(event);
    if (text !== undefined) log.write(`${text}\n`);
  };
  return startBackups(config, { url, onEvent, trial: trialOn(env) });
}
