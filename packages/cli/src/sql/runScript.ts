import { asksForNeeds, type TransactionEnd } from '@peakstone/kernel/script';
import type { Context } from '../grammar/command.ts';
import { CliError, closedPipe, exitCodes } from '../grammar/errors.ts';
import { onSignals, serverRollsBack } from '../interrupt.ts';
import { asCalled } from '../output/called.ts';
import { reportFailure } from '../output/failure.ts';
import { Extensions } from './extensions.ts';
import { type TextFormat, TextPrinter } from './print.ts';
import { JsonPrinter } from './printJson.ts';
import {
  assertKeepsTransaction,
  endsTransactionAt,
  locationOf,
  readSteps,
  type Step,
  type Surroundings,
} from './script.ts';
import { type InputOnce, type Output, SqlFailure, SqlSession } from './session.ts';
import type { Source, Sources } from './source.ts';
import { type Printers, printersForPeople, runStep } from './step.ts';
import { write } from './streams.ts';
import type { Target } from './target.ts';

export type SqlFormat = TextFormat | 'json';

export interface ScriptRun {
  readonly source: Source;
  readonly sources: Sources;
  readonly input: InputOnce;
  readonly format: SqlFormat;
  readonly singleTransaction: boolean;
  /** A dump that does not end as one is run as well. */
  readonly allowIncomplete: boolean;
  readonly context: Context;
  readonly target: () => Promise<Target>;
  /** The same database as the administrator, for what a dump says of the stack's extensions. */
  readonly administrator: () => Promise<Target>;
  /** Called once, after all, when what the APIs serve has changed. */
  readonly onSchemaChange: () => Promise<void>;
}

/**
 * Runs a script to its end, its first error, or Ctrl-C, once it has been gone through; resolves with the exit code.
 * @throws {CliError} before anything is run, naming the line that cannot be.
 */
export async function runScript(run: ScriptRun): Promise<number> {
  const { source, sources, input, format, context, allowIncomplete } = run;
  const target = await run.target();
  const here: Surroundings = { cwd: context.cwd, role: target.role, sources, allowIncomplete };
  let results = 0;
  let isPart = false;
  let keepsTransaction = true;
  for await (const step of readSteps(source, here)) {
    if (run.singleTransaction) assertKeepsTransaction(step);
    keepsTransaction &&= endsTransactionAt(step) === null;
    isPart ||= step.kind === 'statement' && asksForNeeds(step.statement.text);
    results += resultsOf(step);
  }
  // A part of a database meets what is there: all of it, or nothing.
  const singleTransaction = run.singleTransaction || (isPart && keepsTransaction);
  const session = await SqlSession.open(target, outputOf(context, format), input);
  let unread = false;
  const onError = (): void => {
    unread = true;
  };
  context.stdout.on('error', onError);
  const signals = onSignals({
    first: () => session.interrupt(),
    again: serverRollsBack,
    say: text => void context.stderr.write(`${text}\n`),
  });
  try {
    const json = format === 'json' ? new JsonPrinter(await session.arrayTypes(), results) : null;
    const failure = await runSteps(readSteps(source, here), session, json, { ...run, singleTransaction });
    if (failure instanceof Interrupted) failure.unread = unread;
    const kept = session.transaction === 'none';
    if (json) await write(context.stdout, json.finish(failure && jsonError(failure, context)));
    const end = singleTransaction ? (session.ended ?? 'rolled back') : null;
    const code = failure === null ? exitCodes.ok : explain(failure, kept, end, context);
    session.close();
    if (session.takeSchemaChange()) await run.onSchemaChange();
    return code;
  } finally {
    context.stdout.off('error', onError);
    signals.release();
    session.close();
  }
}

/** The error that ended it, or null. */
async function runSteps(
  steps: AsyncIterable<Step>,
  session: SqlSession,
  json: JsonPrinter | null,
  { format, context, singleTransaction, administrator }: ScriptRun,
): Promise<Error | null> {
  const extensions = new Extensions(administrator, context.stderr);
  let expanded = format === 'expanded';
  try {
    if (singleTransaction) await session.query('begin');
    let printers = json ? jsonPrinters(json) : printersFor(format, expanded, context);
    for await (const step of steps) {
      if (session.interrupted) break;
      if (step.kind === 'action' && step.action.kind === 'quit') break;
      if (step.kind === 'action' && step.action.kind === 'switch' && step.action.what === 'expanded') {
        expanded = step.action.on ?? !expanded;
        if (!json) printers = printersFor(format, expanded, context);
        continue;
      }
      await runStep(step, session, printers, extensions, context);
      if (singleTransaction && session.ended !== null) return new EndedItself(step, session.ended);
    }
    if (session.interrupted) return new Interrupted();
    if (singleTransaction) await session.query('commit');
    else if (session.transaction !== 'none') return new LeftOpen();
    return null;
  } catch (error) {
    return session.interrupted ? new Interrupted({ cause: error }) : (error as Error);
  }
}

function jsonPrinters(json: JsonPrinter): Printers {
  return { statement: json, expanded: json, describing: json, people: false };
}

function printersFor(format: SqlFormat, expanded: boolean, { stdout }: Context): Printers {
  if (format !== 'csv') return printersForPeople(expanded, stdout.isTTY ? stdout.columns : undefined);
  const csv = new TextPrinter('csv');
  return { statement: csv, expanded: csv, describing: csv, people: false };
}

/** How many results a step prints. */
function resultsOf(step: Step): number {
  if (step.kind === 'statement') return 1;
  const { action } = step;
  if (action.kind === 'copy') return action.file === null ? 1 : 0;
  if (action.kind !== 'describe') return 0;
  return action.description.kind === 'list' ? 1 : 2;
}

function outputOf({ stdout, stderr }: Context, format: SqlFormat): Output {
  const people = format === 'table' || format === 'expanded';
  const width = stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY;
  return { stdout, stderr, peopleWidth: people ? width : null };
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** Whether it was for want of a reader. */
  unread = false;
  constructor(options?: ErrorOptions) {
    super('Cancelled by Ctrl-C.', options);
  }
}

class EndedItself extends CliError {
  constructor(step: Step, end: TransactionEnd) {
    super(`${locationOf(step)}: it has ended the single transaction (${end}).`, { hint: afterwards[end] });
  }
}

/** What is left of a script that has ended its single transaction itself. */
const afterwards: Readonly<Record<TransactionEnd, string>> = {
  COMMIT: 'What was run before it is kept; nothing after it was run.',
  ROLLBACK: 'What was run before it was rolled back; nothing after it was run.',
  'PREPARE TRANSACTION':
    'What was run before it waits for COMMIT PREPARED or ROLLBACK PREPARED; nothing after it was run.',
};

class LeftOpen extends CliError {
  constructor() {
    super('A transaction was left open and has been rolled back: it has no COMMIT.');
  }
}

function jsonError(error: Error, { env, cwd }: Context): object {
  const { message, hint } = error as Error & { readonly hint?: string };
  const told: { readonly hint?: string } = error instanceof SqlFailure ? error.toJson() : { hint };
  return { message, ...told, hint: told.hint && asCalled(told.hint, env, cwd) };
}

/**
 * Says what ended it, and what of it is kept.
 * @param end of the single transaction, where the script was to be one
 */
function explain(
  error: Error,
  kept: boolean,
  end: TransactionEnd | 'rolled back' | null,
  context: Context,
): number {
  const { stderr } = context;
  // Whoever read it has seen enough (`| head`): as any tool that a closed pipe ends.
  if (error instanceof Interrupted && error.unread) return closedPipe;
  if (error instanceof Interrupted) {
    stderr.write(
      kept
        ? 'Cancelled. What was committed before is kept.\n'
        : 'Cancelled. The transaction was rolled back: nothing of it is kept.\n',
    );
    return exitCodes.interrupted;
  }
  if (!(error instanceof SqlFailure)) return reportFailure(error, context);
  stderr.write(error.render());
  if (end === 'rolled back') stderr.write('All of it was rolled back.\n');
  else if (end !== null)
    stderr.write(`It has ended the single transaction itself (${end}). ${afterwards[end]}\n`);
  return exitCodes.failure;
}
