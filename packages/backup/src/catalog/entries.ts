/** Entries of a list in the store, an object each: written last of all that they stand for, and removed first. */
import { BackupError } from '../errors.ts';
import type { Vault } from '../vault.ts';
import { isUnreadable } from './unreadable.ts';

const maxEntryBytes = 1024 * 1024;

/** What an entry has besides what it says. */
export interface Listed {
  /** By time of its beginning. */
  readonly id: string;
  /** Its place in the order in which they were made, by the store's own count: clocks do not keep it. Absent in the first ones. */
  readonly order?: number;
}

export interface Entries<Entry> {
  /** In the order in which they were made. */
  readonly entries: readonly Entry[];
  /** Those that are there and cannot be read, with the reason: one of them must not hide the others. */
  readonly damaged: readonly { readonly id: string; readonly reason: string }[];
}

/** @param folder with a slash at its end @throws {BackupError} STORE */
export async function listEntries<Entry extends Listed>(
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
      if (!isUnreadable(error)) throw error;
      damaged.push({ id, reason: error.message });
    }
  }
  return { entries: entries.sort(byOrder), damaged };
}

/** Pure. */
export function idsOf(entries: readonly Listed[]): string[] {
  return entries.map(({ id }) => id);
}

/** Behind all that are there. @throws {BackupError} STORE, also when there is one of that name already */
export async function addEntry(vault: Vault, folder: string, entry: Listed): Promise<void> {
  const { entries, damaged } = await listEntries(vault, folder);
  // One that cannot be read may have the number that would be next.
  const order = Math.max(0, ...entries.map(each => each.order ?? 0)) + 1 + damaged.length;
  const isNew = await vault.write(`${folder}${entry.id}`, Buffer.from(JSON.stringify({ ...entry, order })), {
    ifAbsent: true,
  });
  if (!isNew)
    throw new BackupError('STORE', `There is a backup ${entry.id} already.`, 'Begin this one again.');
}

function byOrder(one: Listed, other: Listed): number {
  return (one.order ?? 0) - (other.order ?? 0) || (one.id < other.id ? -1 : 1);
}

async function readEntry<Entry extends Listed>(
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

/** What such a name begins with, by the time when the backup began: names sort by age as far as clocks go right. Pure. */
export function timeOfId(began: Date): string {
  const digits = began.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
