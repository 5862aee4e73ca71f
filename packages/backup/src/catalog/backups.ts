/** The list of backups. An entry is written last of all that a backup consists of, and removed first. */
import { BackupError } from '../errors.ts';
import { readLsn } from '../lsn.ts';
import type { StoredParts } from '../parts/parts.ts';
import type { HeldVault, Vault } from '../vault.ts';
import { agreedTimes } from './agreedTimes.ts';
import { addEntry, type Entries, type Listed, listEntries, timeOfId } from './entries.ts';
import { begunName, removeListed, type Shelf } from './shelf.ts';

export type BackupKind = 'full' | 'incremental';

export interface Backup extends Listed {
  /** `20261127-220141F`, with I for an incremental one. */
  readonly id: string;
  readonly kind: BackupKind;
  /** The backup that an incremental one stands on. */
  readonly parent: string | null;
  readonly label: string | null;
  readonly timeline: number;
  /** WAL is needed from here … */
  readonly startLsn: string;
  /** … to here at least: before, the copied files contradict one another. */
  readonly stopLsn: string;
  /** ISO 8601, by the clock of the machine that made it. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** PostgreSQL's version, such as `17.10`. */
  readonly postgres: string;
  /** Whether the cluster has page checksums, which were checked while its files were read. */
  readonly checksums: boolean;
  /** Names of the cluster's databases, by which people know it; absent where nobody could say. */
  readonly databases?: readonly string[];
  /** Objects that hold the files. */
  readonly parts: number;
  /** Of the files, and of the objects in the store. */
  readonly bytes: number;
  readonly storedBytes: number;
}

const folder = 'catalog/';

export const backupShelf: Shelf = { entries: folder, objects: 'base/', last: 'manifest' };

/** In the order in which they were made. */
export interface Catalog extends Pick<Entries<Backup>, 'damaged'> {
  readonly backups: readonly Backup[];
}

/** @throws {BackupError} STORE, KEY */
export async function listBackups(vault: Vault): Promise<Catalog> {
  const { entries, damaged } = await listEntries<Backup>(vault, folder);
  return { backups: entries.toSorted(byPlace), damaged };
}

/** Of those that the store has not counted yet, or at once, the WAL says which came first. */
function byPlace(one: Backup, other: Backup): number {
  const places = [one, other].map(({ startLsn }) => readLsn(startLsn)) as [bigint, bigint];
  return (
    (one.order ?? 0) - (other.order ?? 0) ||
    one.timeline - other.timeline ||
    (places[0] < places[1] ? -1 : places[0] > places[1] ? 1 : 0)
  );
}

/** When each ended, in milliseconds: no earlier than by its own clock, nor than by those of the others. Pure. */
export function endsOf(backups: readonly Backup[]): ReadonlyMap<Backup, number> {
  const own = backups.map(({ endedAt }) => Date.parse(endedAt));
  const agreed = agreedTimes(own);
  return new Map(backups.map((backup, at) => [backup, Math.max(own[at]!, agreed[at]!)]));
}

/** What still needs an earlier key than the one that encrypts now: backups by their names, and WAL. @throws {BackupError} STORE */
export async function needingEarlierKey(vault: Vault, { backups }: Catalog): Promise<readonly string[]> {
  const needing: string[] = [];
  for (const { id } of backups) if (!(await vault.isCurrent(entryName(id)))) needing.push(id);
  return needing;
}

export async function addBackup(vault: Vault, backup: Backup): Promise<void> {
  await addEntry(vault, folder, backup);
}

/** @param ids oldest first */
export async function removeBackups(vault: HeldVault, ids: readonly string[]): Promise<void> {
  await removeListed(vault, backupShelf, ids);
}

/** The backups that this one stands on, the full one first, and itself. @throws {BackupError} MISSING */
export function chainOf(backup: Backup, backups: readonly Backup[]): Backup[] {
  const chain = [backup];
  for (let at = backup; at.parent !== null; ) {
    const parent = backups.find(({ id }) => id === at.parent);
    if (!parent || chain.includes(parent))
      throw new BackupError(
        'MISSING',
        `Backup ${backup.id} stands on ${at.parent}, which is not there.`,
        'Choose another one (peakstone backup list), and make a new full backup.',
      );
    chain.unshift(parent);
    at = parent;
  }
  return chain;
}

/** Pure. */
export function backupId(began: Date, kind: BackupKind): string {
  return `${timeOfId(began)}${kind === 'full' ? 'F' : 'I'}`;
}

/** The stream of its files. Pure. */
export function filesOf({ id, parts }: Backup): StoredParts {
  return { id, parts, nameOf: part => partName(id, part) };
}

export function partName(id: string, part: number): string {
  return `base/${id}/${String(part).padStart(6, '0')}`;
}

/** Whoever puts this first makes the backup of that name. */
export function claimName(id: string): string {
  return begunName(backupShelf, id);
}

export function manifestName(id: string): string {
  return `base/${id}/manifest`;
}

function entryName(id: string): string {
  return `${folder}${id}`;
}
