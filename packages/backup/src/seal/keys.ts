import { createHmac, randomBytes } from 'node:crypto';
import { BackupError } from '../errors.ts';

export interface BackupKey {
  /** Tells keys apart without telling anything of them. */
  readonly id: Buffer;
  /** 32 of them. */
  readonly bytes: Buffer;
}

/** The keys that are configured: the first one encrypts, all of them decrypt. */
export interface Keyring {
  readonly current: BackupKey | undefined;
  /** There are several: an earlier one is to go when nothing needs it any more. */
  readonly isChanging: boolean;
  /** Nothing that is in plain text is taken for ours. */
  readonly demands: boolean;
  /** @throws {BackupError} KEY when none of them is it */
  find(id: Buffer): BackupKey;
}

/** In the place of a key's id where nothing is encrypted. */
export const noKeyId = Buffer.alloc(8);

/** Why a key must not be kept on the machine alone, in the words that are shown when it is made. */
export const keyAdvice =
  'Keep a copy of BACKUP_KEY somewhere else than on this machine and in the backup store: whoever loses it has lost every backup.';

/** A new key, as BACKUP_KEY holds it. */
export function generateKey(): string {
  return randomBytes(32).toString('hex');
}

/** Undefined when it is none. */
export function parseKey(text: string): BackupKey | undefined {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'hex');
  return { bytes, id: createHmac('sha256', bytes).update('peakstone backup key id').digest().subarray(0, 8) };
}

/** @param demands whether everything must be encrypted; without a key nothing can be */
export function createKeyring(keys: readonly BackupKey[], demands: boolean): Keyring {
  return {
    current: demands ? keys[0] : undefined,
    demands: demands && keys.length > 0,
    isChanging: demands && keys.length > 1,
    find(id) {
      const found = keys.find(key => key.id.equals(id));
      if (found) return found;
      throw new BackupError(
        'KEY',
        keys.length === 0
          ? 'These backups are encrypted, and BACKUP_KEY is not set.'
          : 'BACKUP_KEY is not the key of these backups.',
        'Set BACKUP_KEY to the key that was shown when backups were set up; several may stand there, separated by commas.',
      );
    },
  };
}
