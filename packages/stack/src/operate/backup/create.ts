import { type Backup, BackupError, backupSlot, createBackup, type LogicalBackup } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../../run/databaseUrl.ts';
import { stackValues } from '../../run/stackValues.ts';
import { givenDatabaseUrl } from '../../services/backup/databaseUrl.ts';
import { backupMethod } from '../../services/backup/method.ts';
import { ensureBackupKey } from './key.ts';
import { createStackText } from './logical.ts';
import type { CreateRequest } from './request.ts';
import { stackBackups } from './vaults.ts';

/**
 * Backs the running stack's database up, or the one that the environment names.
 * @throws {StackError} `notRunning`; {BackupError}; {ConfigError} naming the variable
 */
export async function createStackBackup(
  paths: StackPaths,
  env: EnvValues,
  { kind, label, onEvent, onKey, signal }: CreateRequest,
): Promise<(Backup | LogicalBackup) & { readonly place: string }> {
  const before = await stackValues(paths, env);
  if (backupMethod(before) === 'logical') {
    if (kind === 'incremental')
      throw new BackupError('SERVER', 'A backup as SQL is always a full one.', 'Leave --incremental out.');
    return await createStackText(paths, env, before, { label, onEvent, onKey, signal });
  }
  const url = givenDatabaseUrl(before) ?? (await databaseUrl(paths, env, 'db_backup'));
  await ensureBackupKey(paths, before, onKey);
  const opened = await stackBackups(paths, env);
  const { config, store } = opened;
  const backup = await createBackup({
    ...{ url, store, kind, onEvent, signal },
    writer: opened.writer(),
    keys: config.keys,
    slot: backupSlot,
    ...(label !== undefined && { label }),
  });
  return { ...backup, place: store.place };
}
