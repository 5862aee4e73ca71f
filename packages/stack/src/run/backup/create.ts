import {
  type Backup,
  type BackupKind,
  backupSlot,
  createBackup,
  type OnBackupEvent,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { givenDatabaseUrl } from '../../services/backup/databaseUrl.ts';
import { databaseUrl } from '../databaseUrl.ts';
import { stackValues } from '../stackValues.ts';
import { ensureBackupKey } from './key.ts';
import { stackBackups } from './vaults.ts';

export interface CreateRequest {
  readonly kind: BackupKind | 'auto';
  readonly label?: string;
  readonly onEvent: OnBackupEvent;
  /** Told once, when a key had to be made. */
  readonly onKey: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Backs the running stack's database up, or the one that the environment names.
 * @throws {StackError} `notRunning`; {BackupError}; {ConfigError} naming the variable
 */
export async function createStackBackup(
  paths: StackPaths,
  env: EnvValues,
  { kind, label, onEvent, onKey, signal }: CreateRequest,
): Promise<Backup & { readonly place: string }> {
  const before = await stackValues(paths, env);
  const url = givenDatabaseUrl(before) ?? (await databaseUrl(paths, env, 'db_backup'));
  ensureBackupKey(paths, before, onKey);
  const { config, store } = await stackBackups(paths, env);
  const backup = await createBackup({
    ...{ url, store, kind, onEvent, signal },
    keys: config.keys,
    slot: backupSlot,
    ...(label !== undefined && { label }),
  });
  return { ...backup, place: store.place };
}
