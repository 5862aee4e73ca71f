import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { maxSocketPathBytes } from '@peakstone/kernel/ports';
import { assertPrivateFolder, privateFolder, UnsafePlaceError } from '@peakstone/kernel/private';
import { StackError } from './errors.ts';
import { assertOwnProject } from './ownership.ts';

/** Where one stack keeps everything. All paths are absolute. */
export interface StackPaths {
  /** The project's folder: `.env` and `examples/` are here. */
  readonly project: string;
  /** The stack's data, by default `.peakstone` in the project. */
  readonly data: string;
  readonly env: string;
  readonly lock: string;
  readonly state: string;
  readonly logs: string;
  /** The control channel's socket. */
  readonly control: string;
}

/** Names every path of the stack whose project is `cwd`. Pure but for the user's id. */
export function stackPaths(cwd: string, dataDir?: string): StackPaths {
  const project = resolve(cwd);
  const data = resolve(project, dataDir ?? '.peakstone');
  return {
    project,
    data,
    env: join(project, '.env'),
    lock: join(data, 'lock'),
    state: join(data, 'state.json'),
    logs: join(data, 'logs'),
    control: controlSocketPath(data),
  };
}

/** Beside the data where the path fits into a socket address, else a short name in a private folder of the temporary one. */
function controlSocketPath(data: string): string {
  const direct = join(data, 'control.sock');
  if (Buffer.byteLength(direct) <= maxSocketPathBytes) return direct;
  const name = createHash('sha256').update(data).digest('hex').slice(0, 24);
  return join(tmpdir(), `peakstone-${process.getuid?.() ?? 'user'}`, `${name}.sock`);
}

/**
 * Makes the stack's data folder. Only its owner may look inside; root's PostgreSQL runs as another user, who must be
 * able to pass through.
 * @throws {StackError} `permission` where it cannot be made or is no folder, or the project's files are another user's
 */
export function ensureDataFolder(paths: StackPaths): void {
  assertOwnProject(paths.project);
  explained(paths.data, () => {
    privateFolder(paths.data, { mode: dataMode, ...withinProject(paths) });
    privateFolder(paths.logs, { within: paths.data });
    if (dirname(paths.control) !== paths.data) privateFolder(dirname(paths.control));
  });
}

/** @throws {StackError} `permission` where another user could have prepared the data folder; it need not be there */
export function assertOwnDataFolder(paths: StackPaths): void {
  if (statSync(paths.data, { throwIfNoEntry: false })?.isDirectory())
    explained(paths.data, () => assertPrivateFolder(paths.data, withinProject(paths)));
}

/** @throws {StackError} `permission` where another user could be the one who listens at the control channel's place */
export function assertOwnSocket(socket: string, { data }: StackPaths): void {
  const folder = dirname(socket);
  if (folder !== data && existsSync(folder)) explained(folder, () => assertPrivateFolder(folder));
}

const dataMode = process.getuid?.() === 0 ? 0o711 : 0o700;

/** Whoever may write in the project can change what it runs; a folder elsewhere is looked at with all above it. */
function withinProject({ project, data }: StackPaths): { readonly within?: string } {
  return relative(project, data).startsWith('..') ? {} : { within: project };
}

function explained<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new StackError('permission', error.message, { hint: error.hint, cause: error });
    const reason = unusable[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new StackError('permission', `${folder} cannot hold the stack’s data: ${reason}.`, {
      hint: 'Go to a folder of your own, or name one with --data.',
      cause: error,
    });
  }
}

const unusable: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'its path is too long',
  ENOTDIR: 'there is a file in its place',
  EEXIST: 'there is a file in its place',
};
