import { framesTransaction, Lexer, leadingComments, leadingWords } from '@peakstone/kernel/script';
import { compareDescriptions, differenceText } from '../describe/index.ts';
import { MigrateError } from '../errors.ts';
import { describeFile, formats, type MigrationFile, type MigrationFolder } from '../folder/index.ts';
import { compareVersions } from '../plan/index.ts';
import { replayFolder } from '../replay.ts';
import { splitMigration } from '../split/index.ts';
import { describeWhole, type SquashDatabase } from './contents.ts';

/** Makes a new one, of which each is as the others. */
export type MakeSquashDatabase = (name: string) => Promise<SquashDatabase>;

/** A file that stands for all of a folder. */
export interface Squashed {
  readonly name: string;
  readonly text: string;
  readonly files: readonly MigrationFile[];
  readonly statements: number;
}

/**
 * Puts all statements of a folder into one checkpoint, with which empty databases begin and others have nothing to do.
 * Pure.
 * @param tag named in the file, if it has one
 * @throws {MigrateError} `refused`
 */
export function planSquash(folder: MigrationFolder, tag: string | null, now = new Date()): Squashed {
  const { format, files } = folder;
  const { squashedBy } = formats[format];
  if (squashedBy !== null)
    throw new MigrateError(
      'refused',
      `${folder.path} is a folder of ${format}'s, which has no checkpoints.`,
      `Its own command line squashes it: ${squashedBy}.`,
    );
  const last = files.at(-1);
  if (!last || files.length < 2)
    throw new MigrateError(
      'refused',
      `${folder.path} has nothing to squash.`,
      'That takes two files at least.',
    );
  const start = Math.max(
    0,
    files.findLastIndex(({ directives }) => directives.some(({ name }) => name === 'checkpoint')),
  );
  const from = files.slice(start);
  const parts = from.map(file => ({
    file,
    statements: splitMigration(file.text).statements.filter(({ text }) => !isTransactionCommand(text)),
  }));
  // A value of an enum can be used once it is committed.
  const none = parts.some(({ statements }) => statements.some(({ text }) => addsValue.test(text)));
  const body = parts.map(({ file, statements }) =>
    partOf(
      file,
      statements.map(({ text }) => text),
    ),
  );
  return {
    name: `${nextVersion(last.version, now)}_checkpoint.sql`,
    text: `-- atlas:checkpoint${tag === null ? '' : ` ${tag}`}\n${none ? '-- atlas:txmode none\n' : ''}\n${body.join('\n')}`,
    files,
    statements: parts.reduce((sum, { statements }) => sum + statements.length, 0),
  };
}

const addsValue = /^alter\s+type\s[\s\S]*\sadd\s+value\b/i;

function isTransactionCommand(text: string): boolean {
  return framesTransaction(leadingWords(text));
}

/** The time, where versions are times, or the second behind the last one; else the next number of as many digits. */
function nextVersion(last: string, now: Date): string {
  const next = nextTime(last, now) ?? String(Number(last) + 1).padStart(last.length, '0');
  if (/^\d+$/.test(last) && compareVersions(next, last) > 0) return next;
  throw new MigrateError(
    'refused',
    `What stands for a folder comes after its last version, and nothing is known to come after "${last}".`,
    'Versions that are times (20240131120000) or numbers of one length have a next one.',
  );
}

/**
 * The statements of a file, as they run on a database that has no rows and that nobody else uses; then the session is as a file
 * of its own would find it.
 */
function partOf({ name }: MigrationFile, statements: readonly string[]): string {
  const texts = statements.map(text => terminated(withoutConcurrently(text)));
  return `-- ${name}\n${[...texts, ...(statements.some(mayLeaveState) ? RESETS : [])].join('\n')}\n`;
}

/** DISCARD ALL, which no transaction takes, as far as a transaction does. */
const RESETS = [
  'RESET SESSION AUTHORIZATION;',
  'RESET ROLE;',
  'RESET ALL;',
  'DEALLOCATE ALL;',
  'CLOSE ALL;',
  'UNLISTEN *;',
  'DISCARD TEMP;',
  'DISCARD SEQUENCES;',
];

/** Everything else may call a function that sets something. */
function mayLeaveState(text: string): boolean {
  const body = text.slice(leadingComments(text));
  const isDefinition = /^(?:create|alter|drop|comment|grant|revoke)\b/i.test(body);
  const isEvaluated =
    /^create\s+(?:(?:global\s+|local\s+)?temp|materialized\b|(?:unlogged\s+)?table\b[\s\S]*\bas\s+\(?\s*(?:select|with|table|values|execute)\b)/i;
  return !isDefinition || isEvaluated.test(body);
}

/** With a semicolon that is none of a comment's. */
function terminated(text: string): string {
  const body = text.replace(/;?\s*$/, '');
  const lexer = new Lexer(body);
  let last = lexer.next();
  for (let next = last; next; next = lexer.next()) last = next;
  return last?.kind === 'line comment' && last.end === body.length ? `${body}\n;` : `${body};`;
}

function withoutConcurrently(text: string): string {
  const at = leadingComments(text);
  return (
    text.slice(0, at) +
    text
      .slice(at)
      .replace(
        /^((?:create\s+(?:unique\s+)?|drop\s+|reindex\s+)index|refresh\s+materialized\s+view)\s+concurrently\b/i,
        '$1',
      )
  );
}

/** What came of the proof. */
export interface SquashProof {
  /** Empty when they are equal. */
  readonly differences: readonly string[];
  /** What the folder itself makes otherwise each time, by the time or by chance, and was not compared. */
  readonly byChance: readonly string[];
}

/**
 * Runs the folder and what shall stand for it on a database each, and compares all that is in them: every object, and every
 * column's values.
 * @throws {MigrateError} where one of them does not run
 */
export async function proveSquash(
  folder: MigrationFolder,
  { name, text }: Squashed,
  make: MakeSquashDatabase,
  signal: AbortSignal,
): Promise<SquashProof> {
  const alone: MigrationFolder = { ...folder, files: [describeFile(name, Buffer.from(text))] };
  const run = async (each: MigrationFolder, as: string) => {
    const database = await make(as);
    await replayFolder(each, database.url, signal);
    return await describeWhole(database);
  };
  const wanted = await run(folder, 'before');
  const made = await run(alone, 'after');
  const differences = compareDescriptions(wanted, made);
  if (differences.length === 0) return { differences: [], byChance: [] };
  const chances = compareDescriptions(wanted, await run(folder, 'again')).map(({ name }) => name);
  const isChance = ({ name }: { readonly name: string }) => chances.includes(name);
  return {
    differences: differences.filter(each => !isChance(each)).map(differenceText),
    byChance: differences.filter(isChance).map(({ name }) => name),
  };
}

/** Undefined where versions are no times. */
function nextTime(last: string, now: Date): string | undefined {
  const [, date, hours, minutes, seconds] = /^(\d{8})(\d\d)(\d\d)(\d\d)$/.exec(last) ?? [];
  if (!date) return undefined;
  const time = Date.parse(
    `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${hours}:${minutes}:${seconds}Z`,
  );
  const next = new Date(Number.isNaN(time) ? now : Math.max(now.getTime(), time + 1000));
  return next.toISOString().replaceAll(/[-:T]|\..*/g, '');
}
