/** Entries of a list in the store, an object each: written last of all that they stand for, and removed first. */
import { BackupError } from '../errors.ts';
import type { Vault } from '../vault.ts';

const maxEntryBytes = 1024 * 1024;

export interface Entries<Entry> {
  /** By their names. */
  readonly entries: readonly Entry[];
  /** Those that are there and cannot be read, with the reason: one of them must not hide the others. */
  readonly damaged: readonly { readonly id: string; readonly reason: string }[];
}

/** @param folder with a slash at its end @throws {BackupError} STORE, KEY */
export async function listEntries<Entry extends { readonly id: string }>(
  vault: Vault,
  folder: string,
): Promise<Entries<Entry>> {
  const entries: Entry[] = [];
  const damaged: { id: string; reason: string }[] = [];
  for (const { name } of await vault.list(folder)) {
    const id = name.slice(folder.length);
    try {
      const entry = await readEntry<Entry>(vault, name, id);
      if (entry) entries.push(entry);
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'CORRUPT') throw error;
      damaged.push({ id, reason: error.message });
    }
  }
  return { entries, damaged };
}

/** @throws {BackupError} STORE, also when there is one of that name already */
export async function addEntry(vault: Vault, folder: string, entry: { readonly id: string }): Promise<void> {
  const isNew = await vault.write(`${folder}${entry.id}`, Buffer.from(JSON.stringify(entry)), {
    ifAbsent: true,
  });
  if (!isNew)
    throw new BackupError('STORE', `There is a backup ${entry.id} already.`, 'Begin this one again.');
}

async function readEntry<Entry extends { readonly id: string }>(
  vault: Vault,
  name: string,
  id: string,
): Promise<Entry | undefined> {
  const bytes = await vault.read(name, maxEntryBytes);
  // Removed between the list and the look.
  if (bytes === undefined) return undefined;
  const entry = JSON.parse(bytes.toString()) as Entry;
  if (entry.id !== id)
    throw new BackupError('CORRUPT', `${name} in the store is another backup’s.`, 'Remove it.');
  return entry;
}

/** What such a name begins with, by the time when the backup began: names sort by age. Pure. */
export function timeOfId(began: Date): string {
  const digits = began.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
