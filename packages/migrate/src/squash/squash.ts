import { framesTransaction, leadingComments, leadingWords } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import { describeFile, formats, type MigrationFile, type MigrationFolder } from '../folder/index.ts';
import { compareVersions } from '../plan/index.ts';
import { replayFolder } from '../replay.ts';
import { splitMigration } from '../split/index.ts';
import { compareDatabases, describeDatabase } from './describe.ts';

/** Two databases of a throw-away server, new and alike. */
export interface SquashDatabases {
  /** Where the folder runs, and where what stands for it does: as whoever migrates, and as whoever may look at everything. */
  readonly before: { readonly url: string; readonly adminUrl: string };
  readonly after: { readonly url: string; readonly adminUrl: string };
}

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

/** The time, where versions are times; else the next number of as many digits. */
function nextVersion(last: string, now: Date): string {
  const time = now.toISOString().replaceAll(/[-:T]|\..*/g, '');
  const next = /^\d{14}$/.test(last) ? time : String(Number(last) + 1).padStart(last.length, '0');
  if (/^\d+$/.test(last) && compareVersions(next, last) > 0) return next;
  throw new MigrateError(
    'refused',
    `What stands for a folder comes after its last version, and nothing is known to come after "${last}".`,
    'Versions that are times (20240131120000) or numbers of one length have a next one.',
  );
}

/** The statements of a file, as they run on a database that has no rows and that nobody else uses. */
function partOf({ name }: MigrationFile, statements: readonly string[]): string {
  const texts = statements.map(text => `${withoutConcurrently(text).replace(/;?\s*$/, '')};`);
  const leaves = statements.some(text =>
    /^(?:set|reset|select\s+(?:pg_catalog\.)?set_config)\b/i.test(text.slice(leadingComments(text))),
  );
  return `-- ${name}\n${[...texts, ...(leaves ? ['RESET ROLE;', 'RESET ALL;'] : [])].join('\n')}\n`;
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

/**
 * Runs the folder and what shall stand for it on a database each, and compares all that is in them.
 * @returns what differs; empty when they are equal
 * @throws {MigrateError} where one of them does not run
 */
export async function proveSquash(
  folder: MigrationFolder,
  { name, text }: Squashed,
  { before, after }: SquashDatabases,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const alone: MigrationFolder = { ...folder, files: [describeFile(name, Buffer.from(text))] };
  await replayFolder(folder, before.url, signal);
  await replayFolder(alone, after.url, signal);
  return compareDatabases(await describeDatabase(before.adminUrl), await describeDatabase(after.adminUrl));
}
