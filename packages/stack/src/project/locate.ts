/** Which stack a command means: by the folder it is typed in, or by the data folder it names. */
import { existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { configNames } from './configNames.ts';
import { StackError } from './errors.ts';
import { type StackPaths, stackPaths } from './paths.ts';

/** What makes a folder a project's root. */
const markers = ['.peakstone', ...configNames];

/**
 * The project that `cwd` is in: the nearest folder from there upwards that holds a stack or its configuration, or `cwd`
 * itself. Above `cwd` only a marker of this user's own counts: in a folder where all may write, another could have left it.
 */
export function findProject(cwd: string): string {
  const here = resolve(cwd);
  for (let folder = here; ; folder = dirname(folder)) {
    if (markers.some(name => isMarker(join(folder, name), folder === here))) return folder;
    if (dirname(folder) === folder) return here;
  }
}

function isMarker(path: string, trusted: boolean): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return false;
  const own = process.getuid?.();
  return trusted || own === undefined || found.uid === own;
}

/** In the data folder: which project's it is, and so where its secrets are. */
const memory = 'project.json';

/**
 * The paths of the stack that is meant. A data folder that was used before remembers its project, wherever a command names
 * it from: another folder's `.env` would hold other secrets.
 * @throws {StackError} `config` when that project is not there any more
 */
export function locateStack(cwd: string, dataDir?: string): StackPaths {
  if (dataDir === undefined) return stackPaths(findProject(cwd));
  const data = resolve(cwd, dataDir);
  const project = rememberedProject(data);
  if (project === null) return stackPaths(cwd, data);
  if (existsSync(project)) return stackPaths(project, data);
  throw new StackError('config', `${data} belongs to the project in ${project}, which is not there.`, {
    hint: `Its .env holds the secrets of this data: put it back. To go on with those of the folder you are in, remove ${join(data, memory)}.`,
  });
}

/** Notes in the data folder, which is there and ours, whose it is. */
export function rememberProject({ project, data }: StackPaths): void {
  if (rememberedProject(data) === project) return;
  const inside = !relative(project, data).startsWith('..');
  const file = join(data, memory);
  const draft = `${file}.${process.pid}`;
  // A project may be moved with the data in it; data elsewhere stay where they are.
  const named = inside ? relative(data, project) : project;
  writeFileSync(draft, `${JSON.stringify({ version: 1, project: named })}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function rememberedProject(data: string): string | null {
  const file = join(data, memory);
  if (!existsSync(file)) return null;
  try {
    assertOwnFile(file);
    const { version, project } = JSON.parse(readFileSync(file, 'utf8')) as {
      version?: unknown;
      project?: unknown;
    };
    if (version !== 1 || typeof project !== 'string' || project === '') return null;
    return isAbsolute(project) ? project : resolve(data, project);
  } catch (error) {
    // A file that another user could have written, or that a full disk has cut off, counts as none; a file that only its owner
    // may read is reported where the folder is used.
    if (error instanceof UnsafePlaceError || error instanceof SyntaxError) return null;
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null;
    throw error;
  }
}
