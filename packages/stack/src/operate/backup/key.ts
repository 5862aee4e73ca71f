import {
  BackupError,
  generateKey,
  hasEncrypted,
  keyAdvice,
  needsKey,
  openStore,
  readBackupConfig,
} from '@peakstone/backup';
import { changeSettings } from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { ownCluster } from './cluster.ts';
import { defaultPlace } from './vaults.ts';

/** In the place of a key that is yet to be made, where settings are read for something else. */
export const anyKey = '0'.repeat(64);

/**
 * Makes the key of backups where one is needed and there is none, into `.env`; it is shown once, with the advice to keep it
 * elsewhere.
 * @throws {DatabaseError} where `.env` cannot be written; {ConfigError}; {BackupError} STORE; KEY where the store has backups that a
 * key is lost of
 */
export async function ensureBackupKey(
  paths: StackPaths,
  values: EnvValues,
  onKey: (text: string) => void,
): Promise<void> {
  if (values.BACKUP_KEY || !needsKey(values)) return;
  const { place } = readBackupConfig({ ...values, BACKUP_KEY: anyKey }, paths.project, defaultPlace(paths));
  const store = openStore(place);
  if (await hasEncrypted(store, await ownCluster(paths, values)))
    throw new BackupError(
      'KEY',
      `The backups of this database in ${store.place} are encrypted, and BACKUP_KEY is not set.`,
      'Set it to the key that was shown when backups were set up. If that is lost, so are these backups: name a new place (BACKUP_STORE).',
    );
  const key = generateKey();
  changeSettings(paths.env, { BACKUP_KEY: key }, onKey);
  onKey(`A key for the backups was made, in ${paths.env}: ${key}`);
  onKey(keyAdvice);
}
