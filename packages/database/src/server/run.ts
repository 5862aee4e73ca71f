import { spawn } from 'node:child_process';
import { chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { DatabaseError, systemCode } from '../errors.ts';
import { type RunUser, spawnIdentity } from '../host/user.ts';

/** How a short-lived program ended. */
export interface RunResult {
  readonly status: number | null;
  /** Standard output and error together, the last 64 KB. */
  readonly output: string;
}

const MAX_OUTPUT = 64 * 1024;

/**
 * Runs a program as `user` to its end, however that is.
 * @throws {DatabaseError} BINARIES_MISSING when it cannot be run.
 */
export function runAs(
  user: RunUser,
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: serverEnvironment(),
      cwd: '/',
      ...spawnIdentity(user),
      ...(signal && { signal, killSignal: 'SIGKILL' as const }),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', error => reject(explainSpawn(command, error)));
    child.on('close', status => resolve({ status, output }));
  });
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

/** Replaces a file durably: written beside, synced, renamed, the folder synced. It belongs to `user`. */
export function writeFileDurably(file: string, text: string, mode: number, user?: RunUser): void {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    const fd = openSync(beside, 'w', mode);
    try {
      writeSync(fd, text);
      if (user?.dropped) chownSync(beside, user.uid, user.gid);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(path.dirname(file));
}

/** Makes renames and creations in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
