import { MigrateError } from '../errors.ts';
import { formats, type MigrationFile, type MigrationFolder } from '../folder/index.ts';
import {
  asideNotes,
  type Diagnostic,
  type ExecOrder,
  findDrift,
  inspectFiles,
  inspectNames,
  outOfOrderError,
  type Pending,
  planFile,
  planPending,
  type TxMode,
  txModeOf,
} from '../plan/index.ts';
import { type History, type Revision, revisionType } from '../revisions/index.ts';
import { type Furniture, findDirt, type MigrateSession } from '../session/index.ts';
import type { OnApplyEvent } from './events.ts';
import { Preparation } from './prepare.ts';
import { type Attempts, Run } from './run.ts';

/** How migrations are applied, as the options of the command say it. */
export interface ApplyOptions {
  readonly txMode: TxMode;
  readonly order: ExecOrder;
  readonly baseline: string | null;
  readonly allowDirty: boolean;
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** At most so many files; null for all. */
  readonly amount: number | null;
  readonly attempts: Attempts;
  /** Who it was, for the history. */
  readonly operatorVersion: string;
  /** What the database came with. */
  readonly furniture?: Furniture;
}

export interface ApplyRequest {
  readonly folder: MigrationFolder;
  readonly session: MigrateSession;
  readonly history: History;
  readonly options: ApplyOptions;
  readonly onEvent: OnApplyEvent;
  /** What should be known of the files; before anything runs. */
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
  readonly signal: AbortSignal;
}

/**
 * Applies what is new in a folder whose sums are right, under the session's lock.
 * @returns how many files were applied
 * @throws {MigrateError}
 */
export async function applyMigrations(request: ApplyRequest): Promise<number> {
  const { folder, session, history, options, onEvent } = request;
  await history.prepare(session.ask);
  const revisions = (await history.read(session.ask)) ?? [];
  const pending = await planFor(request, revisions);
  if (pending.outOfOrder.length > 0) throw outOfOrderError(pending.outOfOrder);
  for (const diagnostic of [...asideNotes(folder), ...findDrift(folder, revisions)])
    request.onDiagnostic(diagnostic);
  const files = options.amount === null ? pending.files : pending.files.slice(0, options.amount);
  refuse(request, files);
  const baseline = pending.baseline && baselineRevision(pending.baseline, options.operatorVersion);
  if (baseline && !options.dryRun) await session.ask(history.write(baseline, []));
  const from = baseline?.version ?? revisions.at(-1)?.version ?? '';
  onEvent({ kind: 'planned', from, to: files.at(-1)?.version ?? '', files });
  if (files.length > 0) await runAll(request, files, revisions);
  onEvent({ kind: 'done' });
  return files.length;
}

async function planFor(
  { folder: { format, files }, session, history, options }: ApplyRequest,
  revisions: readonly Revision[],
): Promise<Pending> {
  const { order, baseline, allowDirty, furniture } = options;
  // The other tools do not ask.
  const isFirst = formats[format].isLinear && revisions.length === 0;
  const dirt = isFirst ? await findDirt(session.ask, history, session.schema, furniture) : null;
  return planPending({ format, files, revisions, order, baseline, allowDirty, dirt });
}

/** @throws {MigrateError} `refused` for what would fail in the middle, before anything runs. */
function refuse(
  { folder, history, options: { txMode }, onDiagnostic }: ApplyRequest,
  files: readonly MigrationFile[],
): void {
  const planned = files.map(file => planFile(file, modeOf(file, txMode), folder.format));
  const { isNumbered, cutBy } = formats[folder.format];
  const diagnostics = [
    ...inspectNames(folder.files, isNumbered),
    ...inspectFiles(planned, { sharedWithAtlas: cutBy === 'atlas', passesTransactions: !history.keepsParts }),
  ];
  const refused = diagnostics.filter(({ level }) => level === 'refused');
  for (const diagnostic of diagnostics) if (diagnostic !== refused[0]) onDiagnostic(diagnostic);
  const [first] = refused;
  if (first)
    throw new MigrateError(
      'refused',
      `${locationOf(first)} ${first.message}`,
      `Nothing was run. ${first.hint}`,
    );
}

/** What a directive that is wrong says is told when its file is reached, as Atlas does. */
function modeOf(file: MigrationFile, asked: TxMode): TxMode {
  try {
    return txModeOf(file, asked);
  } catch (error) {
    if (error instanceof MigrateError) return asked;
    throw error;
  }
}

/** `2_b.sql:3:`, or the file alone. Pure. */
export function locationOf({ file, line }: Pick<Diagnostic, 'file' | 'line'>): string {
  return line === null ? file : `${file}:${line}:`;
}

async function runAll(
  { folder, session, history, options, onEvent, signal }: ApplyRequest,
  files: readonly MigrationFile[],
  revisions: readonly Revision[],
): Promise<void> {
  const { operatorVersion, txMode: mode, attempts } = options;
  const preparation = new Preparation(folder, revisions, {
    operatorVersion,
    passesTransactions: !history.keepsParts,
  });
  if (options.dryRun) {
    for (const file of files) {
      const { statements, revision } = preparation.prepare(file);
      onEvent({ kind: 'file', file, skipped: revision.applied });
      for (const { text, line } of statements.slice(revision.applied))
        onEvent({ kind: 'statement', text, line });
      onEvent({ kind: 'fileApplied', file });
    }
    return;
  }
  await new Run({
    session,
    history,
    preparation,
    mode,
    format: folder.format,
    attempts,
    onEvent,
    signal,
  }).apply(files);
}

function baselineRevision({ version, description }: MigrationFile, operatorVersion: string): Revision {
  return {
    version,
    description,
    type: revisionType.baseline,
    applied: 0,
    total: 0,
    executedAt: new Date(),
    executionMs: 0,
    error: '',
    errorStatement: '',
    hash: '',
    partialHashes: null,
    operatorVersion,
  };
}
