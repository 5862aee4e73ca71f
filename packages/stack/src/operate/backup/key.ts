import { generateKey, keyAdvice, needsKey } from '@peakstone/backup';
import { changeSettings } from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/**
 * Makes the key of backups where one is needed and there is none, into `.env`; it is shown once, with the advice to keep it
 * elsewhere. @throws {DatabaseError} where `.env` cannot be written; {ConfigError}
 */
export function ensureBackupKey(paths: StackPaths, values: EnvValues, onKey: (text: string) => void): void {
  if (values.BACKUP_KEY || !needsKey(values)) return;
  const key = generateKey();
  changeSettings(paths.env, { BACKUP_KEY: key }, onKey);
  onKey(`A key for the backups was made, in ${paths.env}: ${key}`);
  onKey(keyAdvice);
}
