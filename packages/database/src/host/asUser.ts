/**
 * What is done in the folders of the server's user is done by a process that is that user. Whoever owns a folder can put a
 * link in any name's place at any moment; followed by root, it would lead to whatever root may write.
 */
import { type StdioOptions, spawn } from 'node:child_process';
import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, systemCode } from '../errors.ts';
import { isOpenTo, type RunUser, resolveRunUser, spawnIdentity } from './user.ts';

/** How a short-lived program ended. */
export interface RunResult {
  readonly status: number | null;
  /** Standard output and error together, the last 64 KB. */
  readonly output: string;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Standard input, as text or as a file of ours that is open. */
  readonly input?: string | number;
  /** Standard output, into a file of ours that is open. */
  readonly into?: number;
}

const maxOutput = 64 * 1024;

/**
 * Runs a program as `user` to its end, however that is.
 * @throws {DatabaseError} BINARIES_MISSING when it cannot be run.
 */
export function runAs(
  user: RunUser,
  command: string,
  args: readonly string[],
  { signal, input, into }: RunOptions = {},
): Promise<RunResult> {
  const stdio: StdioOptions = [
    typeof input === 'string' ? 'pipe' : (input ?? 'ignore'),
    into ?? 'pipe',
    'pipe',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio,
      env: serverEnvironment(),
      cwd: '/',
      ...spawnIdentity(user),
      ...(signal && { signal, killSignal: 'SIGKILL' as const }),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-maxOutput);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', error => reject(explainSpawn(command, error)));
    child.on('close', status => resolve({ status, output }));
    // One that ends without reading it says why by its status.
    if (typeof input === 'string') child.stdin?.on('error', () => undefined).end(input);
  });
}

/** The system's own programs first, which a PATH of the caller's may lack. */
const SYSTEM_PATH = 'PATH=/usr/bin:/bin:$PATH';

/**
 * Runs a shell script as `user`. It is told by standard input, as anybody may read a process's arguments.
 * @throws what the system said, with its code, as Node's own calls do
 */
export async function scriptAs(user: RunUser, script: string, args: readonly string[]): Promise<void> {
  const { status, output } = await runAs(user, '/bin/sh', ['-e', '-s', '--', ...args], {
    input: `${SYSTEM_PATH}\n${script}\n`,
  });
  if (status !== 0) throw systemError(output.trim() || `sh ended with ${status}`);
}

/** Writes files of a folder as `user`, each whole or not at all; a power cut may lose what is written at every start. */
export async function writeFilesAs(
  user: RunUser,
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  // Few programs, as each costs every start some milliseconds: the shell prints by itself.
  const writes = Object.entries(files).map(([name, text]) => `printf %s ${quote(text)} > "$new/${name}"`);
  const script = `
umask 077
cd -- "$1"
new=peakstone.new.$$
trap 'rm -rf "$new"' 0
mkdir "$new"
${writes.join('\n')}
mv -f "$new"/* .`;
  await scriptAs(user, script, [folder]);
}

/** Writes bytes into files of a folder as `user`, where they are. */
export async function patchFilesAs(user: RunUser, folder: string, patches: readonly Patch[]): Promise<void> {
  const octal = (bytes: Buffer) => [...bytes].map(byte => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  const writes = patches.map(
    ({ file, at, bytes }) =>
      `printf %b '${octal(bytes)}' | dd of=${file} bs=1 seek=${at} conv=notrunc 2>/dev/null`,
  );
  await scriptAs(user, ['cd -- "$1"', ...writes].join('\n'), [folder]);
}

/** Bytes that a file shall have at an offset. */
export interface Patch {
  /** Relative to a folder. */
  readonly file: string;
  readonly at: number;
  readonly bytes: Buffer;
}

/** Sends a signal as `user`, whose own processes alone get it: an id that is read from a file may be any other's by now. */
export async function signalAs(user: RunUser, pid: number, signal: NodeJS.Signals): Promise<void> {
  // One that is gone, or somebody else's: whoever sends it looks at what came of it.
  await runAs(user, '/bin/sh', ['-c', 'kill -s "$1" "$2"', 'peakstone', signal.slice(3), String(pid)]);
}

/** Makes a folder that only `user` may enter. */
export async function makeFolderAs(user: RunUser, folder: string): Promise<void> {
  if (isOpenTo(user, path.dirname(folder))) return scriptAs(user, 'mkdir -m 700 -- "$1"', [folder]);
  mkdirSync(folder, { mode: 0o700 });
  // Whatever the umask is.
  chmodSync(folder, 0o700);
  if (user.dropped) lchownSync(folder, user.uid, user.gid);
}

/** Removes a folder of `user`'s with all that is in it. Nothing where there is none. */
export async function removeTree(user: RunUser, folder: string): Promise<void> {
  if (!user.dropped) return rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  if (isOpenTo(user, path.dirname(folder))) return scriptAs(user, 'rm -rf -- "$1"', [folder]);
  // The last of a server that was killed may still be writing.
  for (let triesLeft = 10; ; triesLeft--) {
    try {
      await scriptAs(user, 'cd -- "$1" || exit 0; rm -rf -- ..?* .[!.]* *', [folder]);
      return rmdirSync(folder);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      if (systemCode(error) !== 'ENOTEMPTY' || triesLeft === 0) throw error;
      await sleep(100);
    }
  }
}

/**
 * Removes a folder or a file, each part by its owner: a folder of this process's user may hold folders of the server's, and in those
 * anything may be a link by the time that it is looked at.
 */
export async function removeAsOwners(folder: string): Promise<void> {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) return rmSync(folder);
  if (found.uid !== process.geteuid?.())
    return removeTree(
      resolveRunUser(found.uid, () => {}),
      folder,
    );
  for (const name of readdirSync(folder)) {
    const place = path.join(folder, name);
    const each = lstatSync(place);
    if (each.uid !== found.uid && each.isDirectory())
      await removeTree(
        resolveRunUser(each.uid, () => {}),
        place,
      );
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

const systemTexts: readonly (readonly [RegExp, string])[] = [
  [/Directory not empty/, 'ENOTEMPTY'],
  // A shell's own words for it are fewer.
  [/No space left on device|printf: I\/O error/, 'ENOSPC'],
  [/Disk quota exceeded/, 'EDQUOT'],
  [/Read-only file system/, 'EROFS'],
  [/Permission denied/, 'EACCES'],
  [/Operation not permitted/, 'EPERM'],
];

function systemError(output: string): Error {
  const code = systemTexts.find(([text]) => text.test(output))?.[1];
  return Object.assign(new Error(output), code && { code });
}

function explainSpawn(command: string, error: Error): Error {
  if (!['ENOENT', 'EACCES', 'ENOEXEC'].includes(systemCode(error) ?? '')) return error;
  return new DatabaseError(
    'BINARIES_MISSING',
    `${command} cannot be run: ${error.message}`,
    'The embedded PostgreSQL needs glibc (Alpine has musl): install PostgreSQL 17 and set DATABASE_ENGINE=system.',
    error,
  );
}

/** What a server process needs of our environment: none of the stack's secrets, none of the user's PG* variables. */
export function serverEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { LC_ALL: 'C', PATH: process.env.PATH ?? '/usr/bin:/bin' };
  // Homebrew and Nix builds find their libraries through these.
  for (const name of ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TZDIR']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
