/** Looks through a folder of migrations, statement by statement, knowing what those before have made. Pure but for the parser. */
import type { Node } from 'libpg-query';
import {
  checkSums,
  directiveOf,
  type MigrationFile,
  type MigrationFolder,
  sumFile,
} from '../folder/index.ts';
import { type MigrationStatement, splitMigration } from '../split/index.ts';
import { effectsOf } from './locks/effects.ts';
import type { Effect, LockMode } from './locks/modes.ts';
import { isSilenced, type Silenced, silencedHere, silencedInFile } from './nolint.ts';
import { type Parse, SyntaxError17 } from './parser.ts';
import { RULES } from './rules/index.ts';
import type { Found, Level, Look, NamedKind, Rule } from './rules/rule.ts';
import { addedValue, strongLocks } from './rules/session.ts';
import { emptySchema, type Schema } from './state/model.ts';
import { advance, beginFile } from './state/track.ts';

export interface LintOptions {
  /** Names of the files to tell of; those before are read for what they make. */
  readonly only: ReadonlySet<string>;
  /** The TimeZone of the sessions that migrate. Default UTC, as the stack's. */
  readonly isUtc?: boolean;
  /** Schemas that an API serves. Default `public`. */
  readonly exposedSchemas?: readonly string[];
  /** Codes of rules that are off by themselves. */
  readonly enabled?: readonly string[];
  /** Codes, classes or other linters' names of what is not to be told. */
  readonly disabled?: readonly string[];
  /** Names of a kind must match; turns on NM101. */
  readonly naming?: ReadonlyMap<NamedKind, RegExp>;
  /** Runner-wide: every file is one transaction, or none is. Default by file. */
  readonly txMode?: 'file' | 'all' | 'none';
}

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: string;
  readonly level: Level;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** UTF-16 units of the file before it. */
  readonly offset: number;
  readonly message: string;
  readonly why: string;
  readonly safe: string;
  /** Of the table that matters most. */
  readonly lock?: {
    readonly table: string;
    readonly mode: LockMode;
    readonly rewrites: boolean;
    readonly scans: boolean;
  };
}

export interface LintedFile {
  readonly name: string;
  readonly text: string;
  readonly statements: number;
  readonly findings: readonly Finding[];
}

export interface LintReport {
  readonly files: readonly LintedFile[];
  /** What is wrong with `atlas.sum`. */
  readonly sum: string | null;
}

/** @example (await loadParser().then(parse => lintFolder(folder, { only: new Set(['2.sql']) }, parse))).files[0].findings */
export function lintFolder(folder: MigrationFolder, options: LintOptions, parse: Parse): LintReport {
  const schema = emptySchema();
  const files = folder.files.flatMap(file => {
    const linted = lintFile(schema, file, options, parse);
    return options.only.has(file.name) ? [linted] : [];
  });
  return { files, sum: describeSum(folder) };
}

interface Parsed {
  readonly statement: MigrationStatement;
  readonly node: Node;
}

function lintFile(schema: Schema, file: MigrationFile, options: LintOptions, parse: Parse): LintedFile {
  beginFile(schema);
  const { statements, foreign } = statementsOf(file);
  const findings: Finding[] = [];
  const parsed: Parsed[] = [];
  for (const statement of statements) {
    try {
      for (const node of parse(statement.text)) parsed.push({ statement, node });
    } catch (error) {
      if (!(error instanceof SyntaxError17)) throw error;
      findings.push(syntaxFinding(file, statement, error));
    }
  }
  findings.push(...foreign.map(each => foreignFinding(file, each)));
  const rules = chosenRules(options);
  const whole = silencedInFile(file);
  const txMode = directiveOf(file, 'txmode') ?? options.txMode ?? 'file';
  const look = {
    nodes: parsed.map(({ node }) => node),
    inTransaction: txMode !== 'none',
    addedValues: new Map<string, Set<string>>(),
    hasLockTimeout: false,
    strongLocks: new Set<string>(),
    settings: {
      exposedSchemas: options.exposedSchemas ?? ['public'],
      naming: options.naming ?? new Map(),
    },
  };
  const isUtc = options.isUtc ?? true;
  for (const [index, { node, statement }] of parsed.entries()) {
    const effects = effectsOf(schema, node, { isUtc });
    const here: Look = { node, schema, effects, file: look, index, isUtc };
    const silenced = silencedHere(statement.comments);
    for (const rule of rules)
      for (const found of rule.check?.(here) ?? [])
        findings.push(...tell(file, rule, found, statement, effects, [whole, silenced]));
    note(look, here);
    advance(schema, node);
  }
  for (const rule of rules) {
    for (const found of rule.checkEnd?.(look, schema) ?? []) {
      const statement = (parsed[found.index ?? 0] ?? parsed[0])?.statement;
      if (statement)
        findings.push(...tell(file, rule, found, statement, [], [whole, silencedHere(statement.comments)]));
    }
  }
  findings.sort((a, b) => a.offset - b.offset);
  return { name: file.name, text: file.text, statements: statements.length, findings };
}

interface Notes {
  readonly addedValues: Map<string, Set<string>>;
  readonly strongLocks: Set<string>;
  hasLockTimeout: boolean;
}

/** What later statements of the file must know of this one. */
function note(file: Notes, look: Look): void {
  const set = (look.node as { VariableSetStmt?: { name?: string; kind?: string } }).VariableSetStmt;
  if (set?.name === 'lock_timeout') file.hasLockTimeout = set.kind === 'VAR_SET_VALUE';
  for (const table of strongLocks(look)) file.strongLocks.add(table);
  const added = addedValue(look.schema, look.node);
  if (added === undefined) return;
  const values = file.addedValues.get(added[0]) ?? new Set();
  file.addedValues.set(added[0], values.add(added[1]));
}

function chosenRules({ enabled = [], disabled = [], naming }: LintOptions): readonly Rule[] {
  const off = new Set(disabled);
  return RULES.filter(rule => {
    const wanted =
      !rule.off || enabled.includes(rule.code) || (rule.code === 'NM101' && naming !== undefined);
    return wanted && !isSilenced(off, rule);
  });
}

function tell(
  file: MigrationFile,
  rule: Rule,
  found: Found,
  statement: MigrationStatement,
  effects: readonly Effect[],
  silenced: readonly Silenced[],
): Finding[] {
  if (silenced.some(each => isSilenced(each, rule))) return [];
  const effect = effects.find(({ table }) => table === found.table);
  return [
    {
      code: rule.code,
      level: rule.level,
      file: file.name,
      line: statement.line,
      column: statement.column,
      offset: statement.start,
      message: found.message,
      why: rule.why,
      safe: found.safe ?? rule.safe,
      ...(effect && {
        lock: {
          table: effect.table,
          mode: effect.lock,
          rewrites: effect.rewrites === true,
          scans: effect.scans === true || effect.builds === true,
        },
      }),
    },
  ];
}

function syntaxFinding(file: MigrationFile, statement: MigrationStatement, error: SyntaxError17): Finding {
  return {
    code: 'SYNTAX',
    level: 'error',
    file: file.name,
    ...place(file.text, statement.start + error.at),
    message: error.message,
    why: 'PostgreSQL 17 refuses the statement.',
    safe: 'Mend it.',
  };
}

/** What only psql understands. */
interface Foreign {
  readonly what: string;
  readonly start: number;
}

/** Where a file has what only psql understands, its statements are those that psql would send. */
function statementsOf(file: MigrationFile): {
  readonly statements: readonly MigrationStatement[];
  readonly foreign: readonly Foreign[];
} {
  const { statements, pieces } = splitMigration(file.text);
  const foreign = pieces.flatMap((piece): Foreign[] => {
    if (piece.kind === 'meta')
      return [{ what: `${piece.text.split(/\s/, 1)[0]}, a line for psql`, start: piece.start }];
    return piece.rows === null ? [] : [{ what: 'COPY with its rows', start: piece.start }];
  });
  if (foreign.length === 0) return { statements, foreign };
  const own = pieces.flatMap(piece => (piece.kind === 'statement' ? [piece] : []));
  return {
    statements: own.map(({ text, start, line, column }) => ({
      ...{ text, start, comments: [] },
      line: line + 1,
      column: column + 1,
    })),
    foreign,
  };
}

function foreignFinding(file: MigrationFile, { what, start }: Foreign): Finding {
  return {
    code: 'PSQL',
    level: 'error',
    file: file.name,
    ...place(file.text, start),
    message: `Has ${what}`,
    why: 'Only psql understands it: Atlas sends it to the server, which refuses it half-way through the file.',
    safe: 'Write rows as INSERT, take lines for psql out (\\restrict and \\unrestrict of pg_dump do nothing here), or run the file with peakstone sql -f.',
  };
}

function place(text: string, offset: number): { line: number; column: number; offset: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n'), offset };
}

function describeSum(folder: MigrationFolder): string | null {
  const problem = checkSums(folder);
  switch (problem?.kind) {
    case undefined:
      return null;
    case 'missing':
      return `There is no ${sumFile}.`;
    case 'format':
      return `${sumFile} is no such file.`;
    case 'total':
      return `${sumFile}: its first line is not the sum of the others.`;
    case 'mismatch':
      return `${sumFile}: L${problem.line}: ${problem.file} was ${problem.reason}.`;
  }
}
