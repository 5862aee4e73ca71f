import { dirname, resolve } from 'node:path';
import {
  type CopyRows,
  endsTransaction,
  leadingWords,
  type MetaLine,
  type Piece,
  type Statement,
  splitScript,
} from '@peakstone/kernel/script';
import { CliError } from '../grammar/errors.ts';
import { type MetaAction, readMeta } from './meta.ts';
import { readScriptFile } from './source.ts';

/** A file of SQL, or what stands for one. */
export interface Source {
  /** As the user named it; null for text that has no name. */
  readonly file: string | null;
  readonly text: string;
}

/** One thing to do, and where the script says so. */
export type Step = (
  | { readonly kind: 'statement'; readonly statement: Statement }
  | {
      readonly kind: 'action';
      readonly action: Exclude<MetaAction, { kind: 'include' | 'refused' | 'nothing' }>;
      /** Of a \copy from stdin, as they stand in the script. */
      readonly rows: CopyRows | null;
    }
) & { readonly file: string | null; readonly line: number };

const maxIncludes = 100;

/**
 * Everything that a script asks for, in order, with the files that it includes; refuses before anything is run what
 * cannot be done.
 * @param role Who acts.
 * @throws {CliError} naming line and remedy.
 */
export async function planScript(source: Source, cwd: string, role: string): Promise<Step[]> {
  return await planPieces(splitScript(source.text), source.file, { cwd, role }, 0);
}

async function planPieces(
  pieces: readonly Piece[],
  file: string | null,
  here: { readonly cwd: string; readonly role: string },
  depth: number,
): Promise<Step[]> {
  const { cwd, role } = here;
  const steps: Step[] = [];
  for (const piece of pieces) {
    const at = { file, line: piece.line + 1 };
    if (piece.kind === 'statement') {
      steps.push({ kind: 'statement', statement: piece, ...at });
      continue;
    }
    const action = readMeta(piece.text, role);
    if (action.kind === 'nothing') continue;
    if (action.kind === 'refused') throw refusal(piece, file, action);
    if (action.kind === 'include') {
      if (depth === maxIncludes)
        throw new CliError(`${place(at)}: files include one another without an end.`);
      const base = action.relative && file !== null ? dirname(resolve(cwd, file)) : cwd;
      const included = resolve(base, action.file);
      const text = await readScriptFile(base, action.file);
      steps.push(...(await planPieces(splitScript(text), included, here, depth + 1)));
    } else {
      steps.push({ kind: 'action', action, rows: piece.rows, ...at });
      if (action.kind === 'quit') return steps;
    }
  }
  return steps;
}

function refusal(
  piece: MetaLine,
  file: string | null,
  { why, remedy }: { why: string; remedy: string },
): CliError {
  const [command] = piece.text.split(/\s/);
  return new CliError(`${place({ file, line: piece.line + 1 })}: ${command} ${why}.`, {
    hint: `Nothing was run. ${remedy}`,
  });
}

/** `schema.sql:12`, or `Line 12` of what has no name. Pure. */
export function place({ file, line }: { readonly file: string | null; readonly line: number }): string {
  return file === null ? `Line ${line}` : `${file}:${line}`;
}

/**
 * What would end the one transaction that a script shall run in, before anything is run.
 * @throws {CliError}
 */
export function assertOneTransaction(steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.kind === 'action') {
      if (step.action.kind !== 'connect') continue;
      throw new CliError(`${place(step)}: \\connect would end the single transaction.`, {
        hint: 'Nothing was run. Take the line out, or leave --single-transaction out.',
      });
    }
    const words = leadingWords(step.statement.text);
    if (!endsTransaction(words)) continue;
    throw new CliError(`${place(step)}: ${words.toUpperCase()} would end the single transaction.`, {
      hint: 'Nothing was run. Take it out, or leave --single-transaction out.',
    });
  }
}
