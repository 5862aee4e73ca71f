import { privateFolder, UnsafePlaceError } from '@peakstone/kernel/private';
import { DatabaseError } from './errors.ts';

/** `privateFolder`. @throws {DatabaseError} PERMISSION_DENIED when another user could have prepared the place */
export function ensurePrivate(folder: string, options: Parameters<typeof privateFolder>[1]): string {
  try {
    return privateFolder(folder, options);
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new DatabaseError('PERMISSION_DENIED', error.message, error.hint, error);
    throw error;
  }
}

/** Makes the cache's own folder. The server's user, who may be another than this process's, reads from it. */
export function ensureCache(folder: string): string {
  return ensurePrivate(folder, { mode: 0o755 });
}
