import { MigrateError } from '../errors.ts';
import { isCheckpoint, type MigrationFile, type MigrationFolder } from '../folder/index.ts';
import { isPartial, type Revision, revisionType } from '../revisions/index.ts';
import { splitMigration } from '../split/index.ts';
import { outOfOrderError, planPending } from './pending.ts';

/** Where a database stands against a folder. */
export interface MigrationStatus {
  readonly state: 'OK' | 'PENDING';
  /** Version, or words. */
  readonly current: string;
  /** Version, or words; empty where it cannot be said, as files are out of order. */
  readonly next: string;
  /** Whether an empty database begins there. */
  readonly fromCheckpoint: boolean;
  readonly available: readonly MigrationFile[];
  readonly pending: readonly MigrationFile[];
  readonly outOfOrder: readonly MigrationFile[];
  readonly applied: readonly Revision[];
  /** Of the last one, when only a part of it is applied: statements done, and all that it has now. */
  readonly partly: { readonly done: number; readonly total: number; readonly statement: string } | null;
  /** Empty without one. */
  readonly error: string;
}

/**
 * Pure.
 * @param revisions null where the database has no table of them
 * @throws {MigrateError} `history`
 */
export function planStatus(
  { format, files }: Pick<MigrationFolder, 'format' | 'files'>,
  revisions: readonly Revision[] | null,
): MigrationStatus {
  const applied = revisions ?? [];
  const { files: pending, outOfOrder } = planPending({
    format,
    files,
    revisions: applied,
    order: 'linear',
    baseline: null,
    allowDirty: true,
    dirt: null,
  });
  const available = applied.length === 0 ? pending : files;
  if (outOfOrder.length > 0)
    return {
      state: 'PENDING',
      current: applied.at(-1)!.version,
      next: '',
      fromCheckpoint: false,
      partly: null,
      error: outOfOrderError(outOfOrder).message,
      ...{ available, pending, outOfOrder, applied },
    };
  const partly = partOf(available, applied.at(-1));
  const [next] = pending;
  return {
    state: next === undefined ? 'OK' : 'PENDING',
    current: pending.length === available.length ? 'No migration applied yet' : applied.at(-1)!.version,
    next: next?.version ?? 'Already at latest version',
    fromCheckpoint: applied.length === 0 && next !== undefined && isCheckpoint(next),
    partly,
    error: partly === null ? '' : applied.at(-1)!.error.replaceAll('\n', ' '),
    ...{ available, pending, outOfOrder, applied },
  };
}

function partOf(files: readonly MigrationFile[], last: Revision | undefined): MigrationStatus['partly'] {
  if (!last || (last.type & revisionType.resolved) !== 0 || !isPartial(last)) return null;
  const file = files.findLast(({ version }) => version === last.version);
  if (!file)
    throw new MigrateError(
      'history',
      `migration file with version "${last.version}" not found`,
      'It is applied in part: put it back, or say where the database is: peakstone migrate set VERSION',
    );
  return {
    done: last.applied,
    total: splitMigration(file.text).statements.length,
    statement: last.errorStatement.replaceAll('\n', ' '),
  };
}
