import { backupSlot, dropBackupSlot } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../../run/databaseUrl.ts';
import { readPresence } from '../../run/state.ts';
import { givenDatabaseUrl } from '../../services/backup/databaseUrl.ts';
import { backupMethod } from '../../services/backup/method.ts';
import { stackStatus, stopService } from '../client.ts';

/** A server may be on its way down, or its receiver. */
const patienceMs = 30_000;

/**
 * Ends what backups hold on to, once they are turned off: the service, and the slot for which the server keeps WAL.
 * @param before The settings while they were on @throws {ConnectionError} {PgError} {StackError}
 */
export async function letGoOfBackups(
  paths: StackPaths,
  env: EnvValues,
  before: EnvValues,
  say: (text: string) => void,
): Promise<void> {
  if (backupMethod(before) === 'logical') return;
  const isRunning = readPresence(paths).kind === 'running';
  const given = givenDatabaseUrl(before);
  if (!isRunning && given === undefined) {
    say(
      'The server keeps WAL for them, up to 8 GB, until this is run again while the stack runs: peakstone backup schedule off',
    );
    return;
  }
  if (isRunning) {
    const { services } = await stackStatus(paths);
    if (services.some(({ name, state }) => name === 'backup' && state !== 'stopped'))
      await stopService(paths, 'backup', () => undefined);
  }
  const url = given ?? (await databaseUrl(paths, env, 'db_backup'));
  await dropBackupSlot(url, backupSlot, AbortSignal.timeout(patienceMs));
}
