import { ConnectionError } from '@peakstone/kernel/pg';
import { describeFailure, endedError, keptAfter, type OnApplyEvent } from './apply/index.ts';
import { MigrateError } from './errors.ts';
import { describeFile, formats, type MigrationFolder } from './folder/index.ts';
import { type DownStep, inspectFiles, planDown, planFile, txModeOf } from './plan/index.ts';
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
 * Undoes the last migrations by the scripts that the folder has for that, each in a transaction together with its history, or
 * statement by statement where it says txmode none.
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

async function undo(run: DownRun, step: DownStep, before: number): Promise<void> {
  const { folder, session, history, options, onEvent, signal } = run;
  const { file, script } = step;
  const { statements } = splitFile(script.text, formats[folder.format].cutBy);
  const isOpen = txModeOf(script, 'file') === 'none';
  onEvent({ kind: 'file', file, skipped: 0 });
  if (!options.dryRun) {
    await session.reset();
    if (!isOpen) await session.begin();
  }
  let done = 0;
  for (const [index, statement] of statements.entries()) {
    signal.throwIfAborted();
    onEvent({ kind: 'statement', text: statement.text, line: statement.line });
    if (options.dryRun) continue;
    try {
      await session.run(statement.text);
      const isLast = index === statements.length - 1;
      if (isOpen && isLast && session.inTransaction) throw new Error('it leaves a transaction open');
      if (!session.inTransaction) done = index + 1;
      if (!isOpen && session.ended !== null) throw endedError(session.ended);
    } catch (error) {
      const { ended } = session;
      await session.rollback();
      if (error instanceof ConnectionError) throw error;
      const rest = `${file.name} still counts as applied; ${before} after it ${before === 1 ? 'is' : 'are'} undone.`;
      const kept = isOpen ? keptOpenly(done) : ended === null ? 'It was rolled back.' : keptAfter(ended);
      const failure = describeFailure({
        file: { ...file, name: script.name },
        ...{ statement, error, format: folder.format, kept: `${kept} ${rest}`, next: 'down' },
      });
      onEvent({ kind: 'failed', statement: statement.text, text: failure.driver });
      throw failure.error;
    }
  }
  if (!options.dryRun && isOpen) await session.ask(history.remove(file.version));
  else if (!options.dryRun) await session.commit(history.remove(file.version));
  onEvent({ kind: 'fileApplied', file });
}

/** Of a script that says txmode none, and has failed behind so many statements. */
function keptOpenly(done: number): string {
  if (done === 0) return 'Nothing of the script has been done.';
  const what = done === 1 ? 'its first statement is' : `its first ${done} statements are`;
  return `It says txmode none: ${what} done and stay${done === 1 ? 's' : ''}; take what is done out of the script.`;
}

/** @throws {MigrateError} `refused` for what would fail half-way */
function refuse(steps: readonly DownStep[], folder: MigrationFolder): void {
  const planned = steps.map(({ script }) =>
    planFile(describeFile(script.name, Buffer.from(script.text)), txModeOf(script, 'file'), folder.format),
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
