/** The list of backups as SQL. */
import { addEntry, type Entries, listEntries, timeOfId } from '../catalog/entries.ts';
import { begunName, removeListed, type Shelf } from '../catalog/shelf.ts';
import type { StoredParts } from '../parts/parts.ts';
import type { HeldVault, Vault } from '../vault.ts';

export interface LogicalBackup {
  /** By time of its beginning: `20261127-220141S`. */
  readonly id: string;
  /** Of the cluster's, the one that it is of. */
  readonly database: string;
  readonly label: string | null;
  /** ISO 8601, by the clock of the machine that made it; what is in it is of the first. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** PostgreSQL's version, such as `17.10`. */
  readonly postgres: string;
  readonly tables: number;
  readonly rows: number;
  /** What is not in it, a sentence each. */
  readonly missing: readonly string[];
  /** Objects that hold the text. */
  readonly parts: number;
  /** Of the text, and of the objects in the store. */
  readonly bytes: number;
  readonly storedBytes: number;
  /** Of the text, in hex. */
  readonly sha256: string;
}

const catalogFolder = 'logical/catalog/';
const textFolder = 'logical/text/';

export const logicalShelf: Shelf = { entries: catalogFolder, objects: textFolder };

export interface LogicalCatalog extends Pick<Entries<LogicalBackup>, 'damaged'> {
  /** Oldest first. */
  readonly backups: readonly LogicalBackup[];
}

/** @throws {BackupError} STORE, KEY */
export async function listLogicalBackups(vault: Vault): Promise<LogicalCatalog> {
  const { entries, damaged } = await listEntries<LogicalBackup>(vault, catalogFolder);
  return { backups: entries, damaged };
}

export async function addLogicalBackup(vault: Vault, backup: LogicalBackup): Promise<void> {
  await addEntry(vault, catalogFolder, backup);
}

/** @param ids oldest first */
export async function removeLogicalBackups(vault: HeldVault, ids: readonly string[]): Promise<void> {
  await removeListed(vault, logicalShelf, ids);
}

/** Pure. */
export function logicalId(began: Date): string {
  return `${timeOfId(began)}S`;
}

/** The stream of its text. Pure. */
export function textOf({ id, parts }: Pick<LogicalBackup, 'id' | 'parts'>): StoredParts {
  return { id, parts, nameOf: part => `${textFolder}${id}/${String(part).padStart(6, '0')}` };
}

/** Whoever puts this first makes the backup of that name. */
export function claimLogicalName(id: string): string {
  return begunName(logicalShelf, id);
}
