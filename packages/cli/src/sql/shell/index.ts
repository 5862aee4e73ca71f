/** `peakstone sql` at a terminal: a prompt for statements of several lines, with history, completion and psql's commands. */

import { createInterface, type Interface } from 'node:readline';
import { type CopyRows, copyParts, type MetaLine, Restriction, splitInput } from '@peakstone/kernel/script';
import type { Context } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { reportFailure } from '../../output/failure.ts';
import { styleFor, terminalWidth } from '../../output/style.ts';
import { Extensions } from '../extensions.ts';
import { type MetaAction, readMeta } from '../meta.ts';
import { readSteps, type ScriptRows, type Step } from '../script.ts';
import { SqlFailure, SqlSession } from '../session.ts';
import { Sources, sourceOf } from '../source.ts';
import { printersForPeople, runStep } from '../step.ts';
import type { Target } from '../target.ts';
import { complete, type Names, namesQuery, noNames, readNames } from './complete.ts';
import { edit } from './editor.ts';
import { shellHelp, sqlHelp } from './help.ts';
import { type History, historyOf } from './history.ts';

export interface ShellOptions {
  readonly expanded: boolean;
  readonly administrator: () => Promise<Target>;
  /** After a statement that changed what the APIs serve. */
  readonly onSchemaChange: () => Promise<void>;
}

/** Talks until `\q` or Ctrl-D; resolves with the exit code. */
export async function runShell(target: Target, context: Context, options: ShellOptions): Promise<number> {
  const { stdout, stderr } = context;
  const output = {
    stdout,
    stderr,
    get peopleWidth() {
      return stdout.columns;
    },
  };
  const session = await SqlSession.open(target, output, () => null);
  const shell = new Shell(session, target, context, options);
  try {
    return await shell.talk();
  } finally {
    session.close();
  }
}

class Shell {
  readonly #session: SqlSession;
  readonly #target: Target;
  readonly #context: Context;
  readonly #options: ShellOptions;
  readonly #extensions: Extensions;
  readonly #readline: Interface;
  readonly #history: History;
  /** The lines of the statement that is being typed: remembered, and brought back, as one. */
  #typed: string[] = [];
  /** Lines that were typed while a statement ran. */
  readonly #lines: string[] = [];
  /** What stands in the lines above the cursor. */
  #above = '';
  #waitsFor: ReturnType<typeof splitInput>['waitsFor'] = '';
  #names: Names = noNames;
  /** The line at which Tab was pressed last, and how often there. */
  #tabbed: string | null = null;
  #tabs = 0;
  #expanded: boolean;
  #timing = false;
  readonly #restriction = new Restriction();
  #busy = false;
  #ended = false;
  #end: () => void = () => undefined;

  constructor(session: SqlSession, target: Target, context: Context, options: ShellOptions) {
    this.#session = session;
    this.#target = target;
    this.#context = context;
    this.#options = options;
    this.#extensions = new Extensions(options.administrator, context.stderr);
    this.#expanded = options.expanded;
    this.#history = historyOf(context.env);
    this.#readline = createInterface({
      input: context.stdin,
      output: context.stdout,
      terminal: true,
      history: [...this.#history.load(text => context.stderr.write(`${text}\n`))],
      historySize: 2000,
      completer: (line: string) => this.#complete(line),
    });
  }

  async talk(): Promise<number> {
    const interrupt = (): void => this.#interrupt();
    const hangUp = (): void => {
      this.#session.interrupt();
      this.#readline.close();
    };
    process.on('SIGINT', interrupt).on('SIGTERM', hangUp).on('SIGHUP', hangUp);
    this.#readline.on('SIGINT', interrupt);
    // Readline adds each line by itself; what stands there instead are whole statements.
    this.#readline.on('history', lines => this.#history.show(lines));
    this.#readline.on('line', line => {
      // Of a statement that was brought back.
      this.#lines.push(line.replaceAll('\r', '\n'));
      void this.#work();
    });
    const closed = new Promise<void>(resolve => {
      this.#end = resolve;
      this.#readline.once('close', () => {
        this.#ended = true;
        if (!this.#busy) resolve();
      });
    });
    await this.#learnNames();
    this.#context.stdout.write(
      `PeakStone SQL, as ${this.#target.role}. \\? for help, \\q or Ctrl-D to leave.\n`,
    );
    this.#prompt();
    await closed;
    process.off('SIGINT', interrupt).off('SIGTERM', hangUp).off('SIGHUP', hangUp);
    return this.#session.isClosed ? exitCodes.failure : exitCodes.ok;
  }

  /** Handles lines one after the other; those that come meanwhile wait. */
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    // What is typed meanwhile stands for itself; the prompt comes back with it.
    this.#readline.setPrompt('');
    try {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        await this.#take(line);
        this.#remember(line);
        if (this.#ended) break;
        this.#prompt();
      }
    } finally {
      this.#busy = false;
      if (this.#ended) this.#end();
    }
  }

  #remember(line: string): void {
    const isOwn = personal(line) !== null;
    if (isOwn) this.#history.add(line);
    else this.#typed.push(line);
    if (this.#above !== '') return;
    if (!isOwn) this.#history.add(this.#typed.join('\n'));
    this.#typed = [];
  }

  async #take(line: string): Promise<void> {
    const quoted = this.#waitsFor !== '' && !'-('.includes(this.#waitsFor);
    const own = quoted || this.#restriction.isOn ? null : personal(line);
    let runs: 'statement' | 'meta' | null = null;
    this.#session.resume();
    try {
      if (own) return await this.#actOn(own);
      if (this.#above === '') {
        const word = line.trim().toLowerCase().replace(/\s*;$/, '');
        if (word === 'quit' || word === 'exit') return void this.#readline.close();
        if (word === 'help')
          return void this.#context.stdout.write('Use \\? for help, \\h for SQL commands, \\q to leave.\n');
      }
      const { pieces, rest, waitsFor } = splitInput(`${this.#above}${line}\n`);
      this.#above = rest.trim() === '' ? '' : rest;
      this.#waitsFor = waitsFor;
      for (const piece of pieces) {
        if (this.#ended || this.#session.interrupted) break;
        const allowed = this.#restriction.take(piece);
        if (typeof allowed === 'object')
          this.#context.stderr.write(`${allowed.command} ${allowed.why}. ${allowed.remedy}\n`);
        if (allowed !== 'open') continue;
        runs = piece.kind;
        if (piece.kind === 'meta') await this.#meta(piece);
        // A line of its own is counted from its own beginning.
        else
          await this.#run({
            kind: 'statement',
            statement: { ...piece, line: 0, column: 0, rows: typedRows(piece.rows) },
            file: null,
            line: 1,
          });
      }
      if (this.#session.takeSchemaChange()) {
        await this.#options.onSchemaChange();
        await this.#learnNames();
      }
    } catch (error) {
      await this.#explain(error as Error);
      if (runs === 'statement') this.#disarm();
    }
  }

  /**
   * After a statement that failed: what is begun behind it on its line would be ended by what is typed next, and neither was
   * meant to run without the other. Lines that wait belong to it.
   */
  #disarm(): void {
    if (this.#above === '') return;
    this.#context.stderr.write(`Not run, and forgotten: ${this.#above.trim()}\n`);
    this.#above = '';
    this.#waitsFor = '';
    this.#lines.length = 0;
    this.#clearLine();
  }

  /** Forgets what is typed and not entered yet. */
  #clearLine(): void {
    if (this.#readline.line === '') return;
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
  }

  async #meta({ text, rows }: MetaLine): Promise<void> {
    const action = readMeta(text, this.#target.role);
    switch (action.kind) {
      case 'nothing':
        return;
      case 'refused':
        this.#context.stderr.write(`${text.split(/\s/)[0]} ${action.why}. \\? lists what is known here.\n`);
        return;
      case 'include': {
        return await this.#include(text);
      }
      default:
        if (personalKinds.has(action.kind)) return await this.#actOn(action);
        await this.#run({ kind: 'action', action, rows: typedRows(rows), file: null, line: 1 });
        if (action.kind === 'connect') await this.#learnNames();
    }
  }

  /** Runs a file, once it has been gone through. */
  async #include(line: string): Promise<void> {
    const sources = new Sources();
    const here = { cwd: this.#context.cwd, role: this.#target.role, sources, allowIncomplete: false };
    try {
      for await (const _ of readSteps(sourceOf(line), here));
      for await (const step of readSteps(sourceOf(line), here)) await this.#run(step);
    } finally {
      await sources.close();
    }
  }

  async #run(step: Step): Promise<void> {
    const began = performance.now();
    const { stdout } = this.#context;
    const printers = printersForPeople(this.#expanded, stdout.columns);
    await runStep(step, this.#session, printers, this.#extensions, this.#context);
    if (this.#timing) stdout.write(`Time: ${(performance.now() - began).toFixed(3)} ms\n`);
  }

  /** What is for a person, and does nothing to the database. */
  async #actOn(action: MetaAction): Promise<void> {
    const { stdout, stderr, env } = this.#context;
    switch (action.kind) {
      case 'quit':
        this.#readline.close();
        return;
      case 'help':
        stdout.write(
          action.about === null
            ? shellHelp(styleFor(stdout, env), terminalWidth(stdout))
            : sqlHelp(action.about),
        );
        return;
      case 'reset':
        this.#above = '';
        this.#waitsFor = '';
        return;
      case 'print':
        stdout.write(this.#above === '' ? 'Nothing stands here.\n' : this.#above);
        return;
      case 'switch': {
        if (action.what === 'expanded') this.#expanded = action.on ?? !this.#expanded;
        else this.#timing = action.on ?? !this.#timing;
        const on = action.what === 'expanded' ? this.#expanded : this.#timing;
        stdout.write(
          `${action.what === 'expanded' ? 'One column a line' : 'Timing'} is ${on ? 'on' : 'off'}.\n`,
        );
        return;
      }
      case 'edit': {
        const text = await edit(this.#above, action.file, this.#context, this.#readline);
        if (text === null) return;
        stderr.write(text.endsWith('\n') ? text : `${text}\n`);
        this.#above = '';
        return await this.#take(text.trimEnd());
      }
    }
  }

  /** At the prompt it forgets what stands there; else it cancels the statement that runs. */
  #interrupt(): void {
    if (this.#busy) {
      this.#lines.length = 0;
      this.#clearLine();
      this.#session.interrupt();
      this.#context.stdout.write('^C\n');
      return;
    }
    this.#above = '';
    this.#waitsFor = '';
    this.#typed = [];
    this.#context.stdout.write('^C\n');
    this.#clearLine();
    this.#prompt();
  }

  /** What Tab offers; of very many only what they begin with, until it is pressed again to see them. */
  #complete(line: string): [string[], string] {
    const [found, word] = complete(line, this.#above, this.#names);
    this.#tabs = this.#tabbed === line ? this.#tabs + 1 : 1;
    this.#tabbed = line;
    if (found.length <= shownUnasked || this.#tabs > 2) return [found, word];
    if (this.#tabs === 2) {
      this.#context.stdout.write(`\n${found.length} possibilities: Tab once more shows them.\n`);
      this.#readline.prompt(true);
    }
    const beginning = found.reduce((shared, name) => shared.slice(0, sharedLength(shared, name)));
    return [beginning.length > word.length ? [beginning] : [], word];
  }

  #prompt(): void {
    const { superuser, database } = this.#target;
    const { transaction } = this.#session;
    const mark = this.#waitsFor === '.' ? '' : this.#waitsFor === '' ? '=' : this.#waitsFor;
    const open = transaction === 'open' ? '*' : transaction === 'failed' ? '!' : '';
    this.#readline.setPrompt(
      this.#waitsFor === '.' ? '>> ' : `${database}${mark}${open}${superuser ? '#' : '>'} `,
    );
    // What is typed already stays as it is, and is gone on with at its end.
    this.#readline.prompt(true);
  }

  async #learnNames(): Promise<void> {
    this.#names = readNames(await this.#session.look(namesQuery));
  }

  async #explain(error: Error): Promise<void> {
    const { stderr } = this.#context;
    if (error instanceof SqlFailure) stderr.write(error.render());
    else if (this.#session.interrupted) stderr.write('Cancelled.\n');
    else reportFailure(error, this.#context);
    if (!this.#session.isClosed || this.#ended) return;
    try {
      await this.#session.connect(null);
      stderr.write('The connection was lost, and is made anew; what was not committed is rolled back.\n');
    } catch (again) {
      reportFailure(again, this.#context);
      stderr.write('There is no connection. \\c tries again, \\q leaves.\n');
    }
  }
}

/** As in psql, more names than this are not shown unasked. */
const shownUnasked = 100;

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

const personalKinds = new Set<MetaAction['kind']>(['quit', 'help', 'reset', 'print', 'switch', 'edit']);

/** A line that is for the prompt itself, also in the midst of a statement. */
function personal(line: string): MetaAction | null {
  if (!/^\s*\\/.test(line)) return null;
  const action = readMeta(line.trim(), '');
  return personalKinds.has(action.kind) ? action : null;
}

/** Rows that were typed, or pasted, at the prompt. */
function typedRows(rows: CopyRows | null): ScriptRows | null {
  if (rows === null) return null;
  return {
    parts: copyParts(rows),
    row: async number => {
      const text = rows.text.split('\n')[number - 1];
      return text === undefined ? null : { line: rows.line + number, text };
    },
  };
}
