import { MigrateError } from '../errors.ts';
import type { DownScript, MigrationFile, MigrationFolder } from '../folder/index.ts';
import { formats, isCheckpoint } from '../folder/index.ts';
import { isPartial, type Revision, revisionType } from '../revisions/index.ts';

/** One migration to undo, and what undoes it. */
export interface DownStep {
  readonly file: MigrationFile;
  readonly script: DownScript;
}

export interface DownRequest {
  readonly folder: MigrationFolder;
  /** In order. */
  readonly revisions: readonly Revision[];
  /** How many, from the last one applied backwards. */
  readonly amount: number;
  /** The version that shall be the last one afterwards, in the place of an amount. */
  readonly to: string | null;
}

/**
 * What is to be undone, the last one first. Pure.
 * @throws {MigrateError} `history`, `refused` where nobody has written how
 */
export function planDown({ folder, revisions, amount, to }: DownRequest): readonly DownStep[] {
  const kept = to === null ? Math.max(0, revisions.length - amount) : indexOf(revisions, to) + 1;
  const steps = revisions.slice(kept).reverse();
  const files = new Map(folder.files.map(file => [file.version, file]));
  const missing: string[] = [];
  const found = steps.flatMap((revision): readonly DownStep[] => {
    const file = files.get(revision.version);
    assertUndoable(revision, file);
    if (!file?.down) missing.push(file?.name ?? revision.version);
    return file?.down ? [{ file, script: file.down }] : [];
  });
  if (missing.length === 0) return found;
  const place = formats[folder.format].placeOfDown(missing[0]!);
  throw new MigrateError(
    'refused',
    `There is nothing that undoes ${missing.join(', ')}.`,
    `Nothing was run. Write ${place}; or undo it by a new migration; or, in development, start afresh: peakstone down --delete-data && peakstone up`,
  );
}

function indexOf(revisions: readonly Revision[], version: string): number {
  const at = revisions.findIndex(revision => revision.version === version);
  if (at >= 0) return at;
  throw new MigrateError(
    'history',
    `version "${version}" is not applied`,
    revisions.length === 0
      ? 'Nothing is.'
      : `Applied are ${revisions[0]!.version} to ${revisions.at(-1)!.version}: peakstone migrate status`,
  );
}

function assertUndoable(revision: Revision, file: MigrationFile | undefined): void {
  const { version, type, applied, total } = revision;
  if (isPartial(revision))
    throw new MigrateError(
      'history',
      `version "${version}" is applied in part: ${applied} of ${total} statements.`,
      'Mend it and apply the rest first: peakstone migrate apply',
    );
  if (type === revisionType.baseline || (file && isCheckpoint(file)))
    throw new MigrateError(
      'history',
      `version "${version}" stands for all that was there before: it cannot be undone.`,
      'Undo what comes after it alone.',
    );
}
