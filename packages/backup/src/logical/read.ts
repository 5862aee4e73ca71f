/** Gives the text of a backup back, held against what was written. */
import { createHash } from 'node:crypto';
import { agreedTimes } from '../catalog/agreedTimes.ts';
import { BackupError } from '../errors.ts';
import { readParts } from '../parts/reader.ts';
import type { RestoreTarget } from '../restore/target.ts';
import type { Vault } from '../vault.ts';
import { type LogicalBackup, type LogicalCatalog, textOf } from './backups.ts';

/** The text, as it was written. What comes before a fault is given all the same. @throws {BackupError} MISSING, CORRUPT, KEY, STORE */
export async function* readText(vault: Vault, backup: LogicalBackup): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const bytes of readParts(vault, textOf(backup))) {
    hash.update(bytes);
    yield bytes;
  }
  if (hash.digest('hex') !== backup.sha256)
    throw new BackupError(
      'CORRUPT',
      `The text of backup ${backup.id} is not what was written.`,
      'Restore from another one, and make a new backup.',
    );
}

export interface LogicalWish {
  readonly target: RestoreTarget;
  readonly id?: string | undefined;
  /** Of the databases that the store has of this cluster; the only one when left out. */
  readonly database?: string | undefined;
}

/** The one that was named, or the newest that was begun by the target. Pure. @throws {BackupError} MISSING, TARGET */
export function chooseLogical(
  { backups }: LogicalCatalog,
  { target, id, database }: LogicalWish,
  place: string,
): LogicalBackup {
  if (id !== undefined) {
    const named = backups.find(each => each.id === id);
    if (named) return named;
    throw new BackupError(
      'MISSING',
      `There is no backup ${id} in ${place}.`,
      'See them: peakstone backup list',
    );
  }
  if (target.kind !== 'latest' && target.kind !== 'time')
    throw new BackupError(
      'TARGET',
      'These backups are SQL, each of one moment.',
      'Name a backup (peakstone backup list), or the time before which it was made: --to TIME.',
    );
  const databases = [...new Set(backups.map(each => each.database))];
  if (database === undefined && databases.length > 1)
    throw new BackupError(
      'TARGET',
      `${place} holds backups of several databases: ${databases.join(', ')}.`,
      'Name a backup: peakstone backup list',
    );
  const of = backups.filter(each => database === undefined || each.database === database);
  const found =
    target.kind === 'latest'
      ? of.at(-1)
      : of[
          agreedTimes(of.map(({ startedAt }) => Date.parse(startedAt))).findLastIndex(
            at => at <= target.at.getTime(),
          )
        ];
  if (found) return found;
  throw of.length === 0
    ? new BackupError('MISSING', `There is no backup in ${place}.`, 'Make one: peakstone backup create')
    : new BackupError(
        'TARGET',
        `No backup was made by then: the first is of ${of[0]!.startedAt}.`,
        'See them: peakstone backup list',
      );
}
