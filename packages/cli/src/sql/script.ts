import { dirname, resolve } from 'node:path';
import {
  DumpEnd,
  endsTransaction,
  leadingWords,
  Restriction,
  readScript,
  type ScriptPiece,
  type Statement,
} from '@peakstone/kernel/script';
import { CliError } from '../grammar/errors.ts';
import { type MetaAction, readMeta } from './meta.ts';
import { lineOf, type Source, type Sources } from './source.ts';

/** What follows a COPY in a script. */
export interface ScriptRows {
  /** To be read before the next step. */
  readonly parts: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** The row of a number, from 1, and its line in the script, from 1; null where there is none. */
  row(number: number): Promise<{ readonly line: number; readonly text: string } | null>;
}

/** A statement, and where its script has it: lines before it, characters of its line before it. */
export interface Runnable {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly rows: ScriptRows | null;
}

/** One thing to do, and where the script says so. */
export type Step = (
  | { readonly kind: 'statement'; readonly statement: Runnable & Pick<Statement, 'endedBy'> }
  | {
      readonly kind: 'action';
      readonly action: Exclude<MetaAction, { kind: 'include' | 'refused' | 'nothing' }>;
      /** Of a \copy from stdin, as they stand in the script. */
      readonly rows: ScriptRows | null;
    }
) & { readonly file: string | null; readonly line: number };

/** Where and by whom a script is run, and what holds the files that it includes. */
export interface Surroundings {
  readonly cwd: string;
  /** Who acts. */
  readonly role: string;
  readonly sources: Sources;
  /** A dump that does not end as one is run as well. */
  readonly allowIncomplete: boolean;
}

const maxIncludes = 100;

/**
 * Everything that a script asks for, in order, with the files that it includes, in the memory of one statement.
 * @throws {CliError} naming line and remedy, at what cannot be done.
 */
export async function* readSteps(
  source: Source,
  here: Surroundings,
  restriction = new Restriction(),
  depth = 0,
): AsyncGenerator<Step> {
  const { cwd, role, sources } = here;
  const { file } = source;
  const end = new DumpEnd();
  for await (const piece of readScript(source.read(), source.title, end)) {
    const at = { file, line: piece.line + 1 };
    const rows = rowsOf(piece, source);
    const allowed = restriction.take(piece);
    if (typeof allowed === 'object') throw refusal(allowed.command, at, allowed);
    if (piece.kind === 'statement') {
      yield { kind: 'statement', statement: { ...piece, rows }, ...at };
      continue;
    }
    if (allowed === 'done') continue;
    const action = readMeta(piece.text, role);
    if (action.kind === 'nothing') continue;
    if (action.kind === 'refused') throw refusal(piece.text.split(/\s/)[0]!, at, action);
    if (action.kind === 'include') {
      if (depth === maxIncludes)
        throw new CliError(`${locationOf(at)}: files include one another without an end.`);
      const base = action.relative && file !== null ? dirname(resolve(cwd, file)) : cwd;
      const included = await sources.file(base, action.file, resolve(base, action.file));
      yield* readSteps(included, here, restriction, depth + 1);
    } else {
      yield { kind: 'action', action, rows, ...at };
      if (action.kind === 'quit') return;
    }
  }
  // Behind all that says where. What is cut off first are policies and privileges.
  if (end.isDump && end.missing !== null && !here.allowIncomplete)
    throw new CliError(`${source.title} is not known to be whole: ${end.missing}.`, {
      hint: 'Nothing was run. Make the dump again, or copy it again. To run what there is nevertheless: --allow-incomplete',
    });
}

function rowsOf({ rows }: ScriptPiece, source: Source): ScriptRows | null {
  if (rows === null || rows.isAtEnd) return null;
  return {
    parts: rows.parts,
    row: async number => {
      const line = rows.line + number;
      const text = await lineOf(source, line);
      return text === null ? null : { line, text };
    },
  };
}

function refusal(
  command: string,
  at: { readonly file: string | null; readonly line: number },
  { why, remedy }: { readonly why: string; readonly remedy: string },
): CliError {
  return new CliError(`${locationOf(at)}: ${command} ${why}.`, {
    hint: `Nothing was run. ${remedy}`,
  });
}

/** `schema.sql:12`, or `Line 12` of what has no name. Pure. */
export function locationOf({ file, line }: { readonly file: string | null; readonly line: number }): string {
  return file === null ? `Line ${line}` : `${file}:${line}`;
}

/**
 * What would end the one transaction that a script shall run in, before anything is run.
 * @throws {CliError}
 */
export function assertKeepsTransaction(step: Step): void {
  const end = endsTransactionAt(step);
  if (end === null) return;
  throw new CliError(`${locationOf(step)}: ${end} would end the single transaction.`, {
    hint: 'Nothing was run. Take it out, or leave --single-transaction out.',
  });
}

/** What of a step would end the transaction that it runs in, or cannot stand in it; null where nothing does. Pure. */
export function endsTransactionAt(step: Step): string | null {
  if (step.kind === 'action') return step.action.kind === 'connect' ? '\\connect' : null;
  const words = leadingWords(step.statement.text);
  return endsTransaction(words) ? words.toUpperCase() : null;
}
