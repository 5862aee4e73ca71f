import { PgError } from '@peakstone/kernel/pg';
import { describeFailure, type OnApplyEvent } from './apply/index.ts';
import { MigrateError } from './errors.ts';
import { describeFile, formats, type MigrationFile, type MigrationFolder } from './folder/index.ts';
import { type DownStep, inspectFiles, planDown, planFile } from './plan/index.ts';
import type { History } from './revisions/index.ts';
import type { MigrateSession } from './session/index.ts';
import { splitFile } from './split/index.ts';

export interface DownOptions {
  /** How many, from the last one applied backwards. */
  readonly amount: number;
  /** The version that shall be the last one afterwards, in the place of an amount. */
  readonly to: string | null;
  /** Says what would be run, and runs nothing. */
  readonly dryRun: boolean;
  /** Called once it is known what is to be undone; what it throws ends it. */
  readonly confirm: (steps: readonly DownStep[]) => Promise<void>;
}

export interface DownRun {
  readonly folder: MigrationFolder;
  readonly session: MigrateSession;
  readonly history: History;
  readonly options: DownOptions;
  readonly onEvent: OnApplyEvent;
  readonly signal: AbortSignal;
}

/**
 * Undoes the last migrations by the scripts that the folder has for that, each in a transaction together with its history.
 * @returns how many were undone
 * @throws {MigrateError} before anything runs where one has no script; `failed`, with what stays
 */
export async function undoMigrations(run: DownRun): Promise<number> {
  const { folder, session, history, options, onEvent, signal } = run;
  const revisions = (await history.read(session.ask)) ?? [];
  const steps = planDown({ folder, revisions, amount: options.amount, to: options.to });
  refuse(steps, folder);
  const files = steps.map(({ file }) => file);
  const left = revisions.at(-steps.length - 1)?.version ?? '';
  if (steps.length > 0 && !options.dryRun) await options.confirm(steps);
  onEvent({ kind: 'planned', from: files[0]?.version ?? '', to: steps.length === 0 ? '' : left, files });
  const cancel = (): void => session.cancel();
  signal.addEventListener('abort', cancel);
  try {
    for (const [index, step] of steps.entries()) await undo(run, step, index);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  onEvent({ kind: 'done' });
  return steps.length;
}

async function undo(
  { folder, session, history, options, onEvent, signal }: DownRun,
  { file, script }: DownStep,
  before: number,
): Promise<void> {
  const { statements } = splitFile(script.text, formats[folder.format].cutBy);
  const shown: MigrationFile = { ...file, name: script.name };
  onEvent({ kind: 'file', file, skipped: 0 });
  if (!options.dryRun) {
    await session.reset();
    await session.run('begin');
  }
  for (const statement of statements) {
    signal.throwIfAborted();
    onEvent({ kind: 'statement', text: statement.text, line: statement.line });
    if (options.dryRun) continue;
    try {
      await session.run(statement.text);
    } catch (error) {
      await session.rollback();
      if (!(error instanceof PgError)) throw error;
      const kept = `It was rolled back: ${file.name} is still applied; ${before} after it ${before === 1 ? 'is' : 'are'} undone.`;
      const failure = describeFailure({ file: shown, statement, error, kept, format: folder.format });
      onEvent({ kind: 'failed', statement: statement.text, text: failure.driver });
      throw failure.error;
    }
  }
  if (!options.dryRun)
    await session.run(`reset session authorization; reset role; ${history.remove(file.version)}; commit`);
  onEvent({ kind: 'fileApplied', file });
}

/** @throws {MigrateError} `refused` for what would fail half-way */
function refuse(steps: readonly DownStep[], folder: MigrationFolder): void {
  const planned = steps.map(({ script }) =>
    planFile(describeFile(script.name, Buffer.from(script.text)), 'file', folder.format),
  );
  const { passesTransactions } = formats[folder.format];
  const refused = inspectFiles(planned, { passesTransactions }).find(({ level }) => level === 'refused');
  if (!refused) return;
  const { file, line, message, hint } = refused;
  throw new MigrateError(
    'refused',
    `${file}${line === null ? '' : `:${line}:`} ${message}`,
    `Nothing was run. ${hint}`,
  );
}
