import { MigrateError } from '../errors.ts';
import { type FolderFormat, formats, isCheckpoint, type MigrationFile } from '../folder/index.ts';
import { isPartial, type Revision } from '../revisions/index.ts';

/**
 * What happens to a file that was added below the last one applied: an error, left out for ever, or applied after all.
 * @see https://atlasgo.io/versioned/apply#execution-order
 */
export const execOrders = ['linear', 'linear-skip', 'non-linear'] as const;
export type ExecOrder = (typeof execOrders)[number];

export interface PendingRequest {
  readonly format: FolderFormat;
  /** All of the folder, in order. */
  readonly files: readonly MigrationFile[];
  readonly revisions: readonly Revision[];
  readonly order: ExecOrder;
  /** Of a database that has no history yet: what is in it already, this version included. */
  readonly baseline: string | null;
  readonly allowDirty: boolean;
  /** What makes a database without a history one that somebody else uses; null when it is empty. */
  readonly dirt: string | null;
}

export interface Pending {
  readonly files: readonly MigrationFile[];
  /** To be remembered first. */
  readonly baseline: MigrationFile | null;
  /** Files below the last one applied, which `linear` doesn't apply; the others that are pending are in `files`. */
  readonly outOfOrder: readonly MigrationFile[];
}

/**
 * Which files are to be applied, as the tool whose folder it is decides it. Pure.
 * @throws {MigrateError} `notClean`, `history`
 */
export function planPending(request: PendingRequest): Pending {
  if (!formats[request.format].isLinear) return planByPresence(request);
  return request.revisions.length === 0 ? planFirst(request) : planNext(request);
}

function planFirst({ files, baseline, allowDirty, dirt }: PendingRequest): Pending {
  if (dirt !== null && !allowDirty && baseline === null)
    throw new MigrateError(
      'notClean',
      `connected database is not clean: ${dirt}. baseline version or allow-dirty is required`,
      'What the folder made, or something equal, is there already: --baseline VERSION of the last file that is in it. Something else is there, and may stay: --allow-dirty.',
    );
  if (baseline === null) {
    // An empty database begins with the last checkpoint.
    const start = files.findLastIndex(isCheckpoint);
    return { files: files.slice(Math.max(0, start)), baseline: null, outOfOrder: [] };
  }
  const migrations = files.filter(file => !isCheckpoint(file));
  const at = migrations.findLastIndex(({ version }) => version === baseline);
  if (at < 0)
    throw new MigrateError(
      'history',
      `baseline version "${baseline}" not found`,
      `The folder has: ${shorten(migrations.map(({ version }) => version))}.`,
    );
  return { files: migrations.slice(at + 1), baseline: migrations[at]!, outOfOrder: [] };
}

function planNext({ files, revisions, order }: PendingRequest): Pending {
  const last = revisions.at(-1)!;
  const migrations = files.filter(file => !isCheckpoint(file));
  const pending = (found: readonly MigrationFile[], outOfOrder: readonly MigrationFile[] = []): Pending => ({
    files: found,
    baseline: null,
    outOfOrder,
  });
  const partial = isPartial(last);
  if (partial) {
    // A checkpoint is the first that is applied, so that all behind it is pending.
    const at = files.findIndex(({ version }) => version === last.version);
    if (at >= 0 && isCheckpoint(files[at]!))
      return pending([files[at]!, ...files.slice(at).filter(file => !isCheckpoint(file))]);
  }
  if (migrations.length === 0) return pending([]);
  const isDone = ({ version }: MigrationFile): boolean =>
    partial ? version === last.version : compareVersions(version, last.version) <= 0;
  const found = migrations.findLastIndex(isDone);
  if (found < 0) {
    if (partial) throw missingPart(last);
    return pending(migrations);
  }
  const next = partial ? found : found + 1;
  const rest = migrations.slice(next);
  if (order === 'linear-skip') return pending(rest);
  // The first one applied may be a checkpoint: what stands before it was never to be.
  const start = revisions[0]!.version;
  const applied = new Set(revisions.map(({ version }) => version));
  const late = migrations
    .slice(0, next)
    .filter(({ version }) => compareVersions(version, start) >= 0 && !applied.has(version));
  if (order === 'non-linear') return pending([...late, ...rest]);
  return pending(rest, late);
}

/** Of tools that keep which versions were applied, and nothing more. */
function planByPresence({ format, files, revisions, order, baseline }: PendingRequest): Pending {
  if (baseline !== null)
    throw new MigrateError(
      'option',
      'a baseline is something of Atlas’ history alone.',
      `Say which files are in the database already: peakstone migrate set ${baseline}`,
    );
  const applied = new Set(revisions.map(({ version }) => version));
  const there = new Set(files.map(({ version }) => version));
  const missing = revisions.filter(({ version }) => !there.has(version)).map(({ version }) => version);
  if (formats[format].keepsApplied && missing.length > 0)
    throw new MigrateError(
      'history',
      `the database has migrations that the folder has not: ${shorten(missing)}`,
      'Get them from whoever applied them (supabase migration fetch), or say where the database is: peakstone migrate set VERSION',
    );
  const pending = files.filter(({ version }) => !applied.has(version));
  const last = revisions.at(-1)?.version;
  if (formats[format].ignoresOrder || order === 'non-linear' || last === undefined)
    return { files: pending, baseline: null, outOfOrder: [] };
  const [late, rest] = [true, false].map(isLate =>
    pending.filter(({ version }) => compareVersions(version, last) < 0 === isLate),
  );
  return { files: rest!, baseline: null, outOfOrder: order === 'linear' ? late! : [] };
}

/** As bytes, which is how their files sort: 10 comes before 9; where versions are numbers, as those. Pure. */
export function compareVersions(a: string, b: string, byNumber = false): number {
  if (byNumber) return BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b));
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** @returns what `linear` says of files that were added too low. Pure. */
export function outOfOrderError(files: readonly MigrationFile[]): MigrateError {
  const names = files.map(({ name }) => name).join(', ');
  return new MigrateError(
    'outOfOrder',
    `migration ${files.length === 1 ? `file ${names} was` : `files ${names} were`} added out of order. See: https://atlasgo.io/versioned/apply#non-linear-error`,
    'Give it a version above the last one applied (rename it, then peakstone migrate hash); or apply it now: --exec-order non-linear; or never: --exec-order linear-skip.',
  );
}

function missingPart({ version, description }: Revision): MigrateError {
  return new MigrateError(
    'history',
    `missing migration: revision "${version}_${description}.sql" is partially applied but migration file was not found`,
    'Put the file back, or, once the rest of it has been done by hand, say where the database is: peakstone migrate set VERSION',
  );
}

function shorten(texts: readonly string[]): string {
  if (texts.length === 0) return 'no file';
  return texts.length <= 8
    ? texts.join(', ')
    : `${texts.slice(0, 3).join(', ')} … ${texts.slice(-3).join(', ')}`;
}
