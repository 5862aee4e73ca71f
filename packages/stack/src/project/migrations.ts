import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { detectFormat, type FolderFormat, formats, MigrateError } from '@peakstone/migrate';
import { assertOwnDownTo } from './ownership.ts';

/** Where projects keep their migrations, ours first. */
export const usualFolders = ['migrations', 'atlas/migrations', 'supabase/migrations'] as const;

/** A folder of migrations, which may not exist. */
export interface LocatedFolder {
  readonly path: string;
  /** As it was named by `?format=`; undefined where it is to be seen from what lies in it. */
  readonly format?: FolderFormat;
}

/**
 * The folder that a command means: as named, Atlas' `file://DIR?format=…` understood, from the present folder; else the
 * one of a project's usual ones that has migrations, else the first that exists, else its `migrations`. Of Hasura's it is the one
 * of the only database.
 * @throws {MigrateError} `folder` for a format that nobody has, several folders that have migrations, or several databases; {StackError} `permission` where nobody has
 * named it, and another user has made it
 */
export async function locateMigrations({
  project,
  cwd,
  named,
}: {
  readonly project: string;
  readonly cwd: string;
  readonly named?: string | undefined;
}): Promise<LocatedFolder> {
  if (named === undefined) {
    const usual = usualFolder(project);
    assertOwnDownTo(project, path.join(project, usual));
    const found = await databaseFolder(path.join(project, usual));
    assertOwnDownTo(project, found);
    return { path: found };
  }
  const [place = '', query = ''] = named.replace(/^file:\/\//, '').split('?', 2);
  const folder = path.resolve(cwd, place);
  const asked = new URLSearchParams(query).get('format');
  if (asked === null) return { path: await databaseFolder(folder) };
  const format = Object.values(formats).find(({ name }) => name === asked);
  if (format) return { path: folder, format: format.name };
  throw new MigrateError(
    'folder',
    `There is no format '${asked}' of folders here.`,
    `It is one of ${Object.keys(formats).join(', ')}. Atlas turns others into its own: atlas migrate import --from 'file://DIR?format=${asked}' --to file://migrations`,
  );
}

/** An empty folder shadows none that has migrations, and which of two is meant nobody guesses. @throws {MigrateError} `folder` */
function usualFolder(project: string): string {
  const there = usualFolders.filter(folder => existsSync(path.join(project, folder)));
  const filled = there.filter(folder => hasMigrations(path.join(project, folder)));
  if (filled.length <= 1) return filled[0] ?? there[0] ?? usualFolders[0];
  throw new MigrateError(
    'folder',
    `This project has migrations in ${filled.join(' and in ')}, and nothing says which are meant.`,
    `Name the folder: --dir ${filled[0]}. Or keep one of them: move or remove the other.`,
  );
}

/** Anything but notes and what hides: files of SQL, or folders that hold them. */
export function hasMigrations(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some(
    entry => !entry.name.startsWith('.') && (entry.isDirectory() || entry.name.endsWith('.sql')),
  );
}

/** Folders of some formats lie in one of their database each. */
async function databaseFolder(folder: string): Promise<string> {
  if (!existsSync(folder)) return folder;
  const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  const found: string[] = [];
  for (const { name } of entries)
    if (formats[await detectFormat(path.join(folder, name))].isByDatabase)
      found.push(path.join(folder, name));
  if (found.length <= 1) return found[0] ?? folder;
  const names = found.map(each => path.relative(folder, each)).join(', ');
  throw new MigrateError(
    'folder',
    `${folder} has migrations of several databases: ${names}.`,
    `Name one of them: --dir ${found[0]}`,
  );
}
