import { MigrateError } from '../errors.ts';
import { formats, type MigrationFile, type MigrationFolder } from '../folder/index.ts';
import { isPartial, type Revision, revisionType } from '../revisions/index.ts';
import { compareVersions } from './pending.ts';

/** What saying that a database is at a version does to its history. */
export interface SetPlan {
  /** Null when it has no version any more. */
  readonly version: string | null;
  readonly removed: readonly Revision[];
  /** Revisions that stay, and are said to be whole. */
  readonly resolved: readonly Revision[];
  /** Files that are said to have been applied. */
  readonly added: readonly MigrationFile[];
}

/**
 * Pure.
 * @param version null: the folder's last one
 * @throws {MigrateError} `history`
 */
export function planSet(
  { format, files }: Pick<MigrationFolder, 'format' | 'files'>,
  revisions: readonly Revision[],
  version: string | null,
): SetPlan {
  const { isNumbered, isLinear } = formats[format];
  const compare = (a: string, b: string): number => compareVersions(a, b, isNumbered);
  const target = version ?? files.at(-1)?.version ?? (isNumbered ? '-1' : '');
  if (version !== null && !files.some(file => file.version === version))
    throw new MigrateError(
      'history',
      `migration with version "${version}" not found`,
      'Name the version of a file in the folder: what stands before the first underscore of its name.',
    );
  // Without a version it repairs a history; it doesn't begin one.
  if (version === null && revisions.length === 0)
    throw new MigrateError(
      'history',
      'accepts 1 arg(s), received 0',
      'Say which version: peakstone migrate set VERSION',
    );
  const removed = revisions.filter(each => compare(each.version, target) > 0);
  const kept = revisions.filter(each => compare(each.version, target) <= 0);
  const resolved = kept
    .filter(each => each.version === target && (each.error !== '' || isPartial(each)))
    .map(each => ({ ...each, type: revisionType.executed | revisionType.resolved }));
  const last = kept.at(-1)?.version;
  const there = new Set(kept.map(each => each.version));
  const isNew = (each: string): boolean =>
    isLinear ? last === undefined || compare(each, last) > 0 : !there.has(each);
  const added = files.filter(file => compare(file.version, target) <= 0 && isNew(file.version));
  const highest = [last, added.at(-1)?.version]
    .filter(each => each !== undefined)
    .sort(compare)
    .at(-1);
  return { version: highest ?? null, removed, resolved, added };
}
