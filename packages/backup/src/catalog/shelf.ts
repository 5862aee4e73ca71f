/**
 * What backups of one kind have in common: a list with an entry of each, and a folder with the objects of each, which somebody puts
 * `begun` into first. What is removed rests on what was read of the thing itself: that a list does not name it says nothing.
 */
import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { BackupError } from '../errors.ts';
import type { HeldVault, Vault } from '../vault.ts';
import { ignoreUnreadable, isUnreadable } from './unreadable.ts';

export interface Shelf {
  /** The folder of entries, with a slash at its end … */
  readonly entries: string;
  /** … and that of the folders of objects. */
  readonly objects: string;
  /** An object that is put when all others are there, right before the entry: with it, a backup is never an unfinished one. */
  readonly last?: string;
}

const begun = 'begun';
/** Marks a backup whose removal has begun, so that a kill leaves nothing that could be taken for a whole one. */
const removed = 'removed';

/** Of a backup that is being made nothing is listed yet; none rests for longer. */
const unfinishedMs = 2 * 24 * 60 * 60 * 1000;

/** Whoever puts this first makes the backup of that name. Pure. */
export function begunName({ objects }: Shelf, id: string): string {
  return `${objects}${id}/${begun}`;
}

/** Removes entries, the newest first so that none is left whose parent is gone, then what they stood for. @param ids oldest first */
export async function removeListed(vault: HeldVault, shelf: Shelf, ids: readonly string[]): Promise<void> {
  for (const id of ids.toReversed()) {
    await note(vault, `${shelf.objects}${id}/${removed}`, Buffer.alloc(0));
    await vault.delete([`${shelf.entries}${id}`]);
  }
  for (const id of ids) await removeObjects(vault, shelf, id);
}

async function removeObjects(vault: HeldVault, { objects }: Shelf, id: string): Promise<void> {
  const mark = `${objects}${id}/${removed}`;
  const names = (await vault.list(`${objects}${id}/`)).map(({ name }) => name);
  await vault.delete([...names.filter(name => name !== mark), mark]);
}

/** Removes what was begun and did not come to an end. Among what somebody else has taken over meanwhile it stays, for them to let go. */
export async function removeBegun(vault: HeldVault, shelf: Shelf, id: string): Promise<void> {
  try {
    await removeListed(vault, shelf, [id]);
  } catch (error) {
    if (!(error instanceof BackupError) || !['FOREIGN', 'AWAY', 'MISSING'].includes(error.code)) throw error;
  }
}

/** Writes what helps the next look; a full disk, on which removing makes room, must not stand in the way. */
async function note(vault: HeldVault, name: string, bytes: Buffer): Promise<void> {
  await vault.assertHeld();
  await vault.write(name, bytes).catch(error => {
    if (!(error instanceof BackupError) || error.code !== 'STORE') throw error;
  });
}

/** How many objects of a backup without an entry there were when it was first seen so, and when that was, in milliseconds. */
type Seen = Readonly<Record<string, { readonly at: number; readonly objects: number }>>;

/**
 * Backups that never became one, to which nothing was added for two days that the store has seen pass, and those whose removal was
 * broken off. Keeps what it has seen. @param listed all that have an entry, be it one that cannot be read @throws {BackupError} STORE
 */
export async function findUnfinished(
  vault: HeldVault,
  shelf: Shelf,
  listed: readonly string[],
  time: Witness,
): Promise<readonly string[]> {
  const before = await readSeen(vault, shelf);
  const seen: Record<string, { at: number; objects: number }> = {};
  const found: string[] = [];
  for (const [id, names] of await objectsById(vault, shelf)) {
    if (listed.includes(id) || (await isThere(vault, `${shelf.entries}${id}`))) continue;
    if (names.has(removed)) {
      found.push(id);
      continue;
    }
    if (!(await isUnfinished(vault, shelf, id, names))) continue;
    const known = before[id];
    const since = known?.objects === names.size ? known : { at: time.at, objects: names.size };
    seen[id] = since;
    if (since.at <= momentBefore(time, unfinishedMs)) found.push(id);
  }
  if (JSON.stringify(seen) !== JSON.stringify(before))
    await note(vault, seenName(shelf), Buffer.from(JSON.stringify(seen)));
  return found;
}

/** Of one that has its last object, only the entry is missing. */
async function isUnfinished(
  vault: Vault,
  shelf: Shelf,
  id: string,
  names: ReadonlySet<string>,
): Promise<boolean> {
  const { last } = shelf;
  if (!(await isThere(vault, begunName(shelf, id)))) return false;
  return last === undefined || (!names.has(last) && !(await isThere(vault, `${shelf.objects}${id}/${last}`)));
}

async function objectsById(vault: Vault, { objects }: Shelf): Promise<ReadonlyMap<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const { name } of await vault.list(objects)) {
    const [id, object] = name.slice(objects.length).split('/');
    if (id && object) found.set(id, (found.get(id) ?? new Set()).add(object));
  }
  return found;
}

/** Whole backups without an entry, which a kill or a hand has left: nothing removes them by itself. @throws {BackupError} STORE */
export async function findStray(
  vault: Vault,
  shelf: Shelf,
  listed: readonly string[],
): Promise<readonly string[]> {
  const { last } = shelf;
  if (last === undefined) return [];
  return [...(await objectsById(vault, shelf))]
    .filter(([id, names]) => names.has(last) && !names.has(removed) && !listed.includes(id))
    .map(([id]) => id);
}

/** By a look at it alone; also where it cannot be read. */
async function isThere(vault: Vault, name: string): Promise<boolean> {
  try {
    return (await vault.read(name)) !== undefined;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return true;
  }
}

/** Empty where it cannot be read: everything is looked at anew then. */
async function readSeen(vault: Vault, shelf: Shelf): Promise<Seen> {
  const bytes = await vault.read(seenName(shelf)).catch(ignoreUnreadable());
  return bytes ? (JSON.parse(bytes.toString()) as Seen) : {};
}

function seenName({ objects }: Shelf): string {
  return `checks/unfinished-${objects.split('/')[0]}`;
}
