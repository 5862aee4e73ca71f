import { randomBytes } from 'node:crypto';
import { BackupError } from '../errors.ts';
import type { Store } from './store.ts';

/** Does there once all that backups do: writes, reads, lists and deletes. @throws {BackupError} STORE saying what it does not let us do */
export async function assertUsable(store: Store): Promise<void> {
  const key = `probe/${randomBytes(8).toString('hex')}`;
  const bytes = randomBytes(32);
  await store.put(key, bytes, { ifAbsent: true });
  try {
    const isThere =
      (await store.get(key))?.equals(bytes) && (await store.list('probe/')).some(each => each.key === key);
    if (!isThere || (await store.put(key, randomBytes(32), { ifAbsent: true })))
      throw new BackupError(
        'STORE',
        `${store.place} does not keep what is written there as it was.`,
        'Name another place (BACKUP_STORE), or look at the server behind it.',
      );
  } finally {
    await store.delete([key]);
  }
}
