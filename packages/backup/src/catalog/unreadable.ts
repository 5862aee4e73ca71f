/** What lies in a store and cannot be read, be it damaged or sealed with a key that is not at hand: it must not hide the rest. */
import { BackupError } from '../errors.ts';

export function isUnreadable(error: unknown): error is BackupError {
  return error instanceof BackupError && (error.code === 'CORRUPT' || error.code === 'KEY');
}

/** For `catch`: undefined in its place, and why. @param reasons takes what is said of it; left out where whoever asks does without */
export function ignoreUnreadable(reasons?: string[]): (error: unknown) => undefined {
  return error => {
    if (!isUnreadable(error)) throw error;
    reasons?.push(error.message);
    return undefined;
  };
}
