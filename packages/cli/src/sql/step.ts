import type { Context } from '../grammar/command.ts';
import type { Extensions } from './extensions.ts';
import { type Printer, TextPrinter } from './print.ts';
import type { Step } from './script.ts';
import type { SqlSession } from './session.ts';
import { write } from './streams.ts';

/** By what is printed: rows that were asked for, the same one column a line, what there is. */
export interface Printers {
  readonly statement: Printer;
  readonly expanded: Printer;
  readonly describing: Printer;
  /** Whether people read it, so that what `\echo` says belongs between the results. */
  readonly people: boolean;
}

/** For people at a terminal of this width, or in a file. Pure. */
export function printersForPeople(expanded: boolean, width: number | undefined): Printers {
  const lines = new TextPrinter('expanded');
  return {
    statement: expanded ? lines : new TextPrinter('table'),
    expanded: lines,
    describing: expanded ? lines : new TextPrinter('table', width),
    people: true,
  };
}

/**
 * Does one thing that a script, or a person, asks for.
 * @throws {SqlFailure} what the server refused. @throws {CliError}
 */
export async function runStep(
  step: Step,
  session: SqlSession,
  printers: Printers,
  extensions: Extensions,
  { stdout, stderr, cwd }: Context,
): Promise<void> {
  const { file, line } = step;
  if (step.kind === 'statement') {
    const { statement } = step;
    const printer = statement.endedBy === '\\gx' ? printers.expanded : printers.statement;
    if (!(await extensions.prepare(statement.text, step, session)))
      return await session.run(statement, file, printer);
    if (!printers.people) await write(stdout, printer.end({ tag: '', fields: [], rows: [] }));
    return;
  }
  const { action, rows } = step;
  const at = { file, text: '', line: line - 1, column: 0 };
  switch (action.kind) {
    case 'describe':
      return await session.describe(action.description, at, printers.describing);
    case 'copy': {
      const { sql: text, direction } = action;
      if (action.file !== null) return await session.copyFile(direction, action.file, { ...at, text }, cwd);
      return await session.run({ ...at, text, rows }, file, printers.statement);
    }
    case 'connect': {
      const database = await session.connect(action.database);
      stderr.write(`Connected to database "${database}".\n`);
      return;
    }
    case 'echo':
      (printers.people ? stdout : stderr).write(`${action.text}\n`);
      return;
    case 'warn':
      stderr.write(`${action.text}\n`);
      return;
    default:
      // What is for a person at the prompt, which knows what to do with it.
      return;
  }
}
