import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StackError } from './errors.ts';

/** Held until released, or until the process ends in whatever way: the kernel lets go of it, so none is ever stale. */
export interface Lock {
  /** Whether its file was deleted: nobody can find the holder by it any more. A file that was moved is not. */
  readonly isRemoved: boolean;
  release(): void;
}

/** Whoever drops a handle has not released it: unreferenced, SQLite's would be collected and closed. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock file, or says that another process has it (`null`). Waits up to half a second, so that someone who
 * only looks (`isLocked`) is not taken for an owner.
 *
 * Node has no flock; SQLite's lock on an empty file is the same system call, works on every platform, between
 * containers that share a volume, and needs no guess about whether a recorded process id is still the same process.
 * @throws {StackError} `permission` when the file cannot be opened; what the system says when it cannot be made.
 */
export function takeLock(path: string): Lock | null {
  // Closed with the lock and no sooner: the system gives up a process's locks when it closes any handle of the file.
  const handle = openSync(path, 'a', 0o600);
  let file: DatabaseSync;
  try {
    file = openLock(path, { timeout: 500 });
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  try {
    // Nothing is ever written, so that there is nothing to roll back: no journal beside it.
    file.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    file.close();
    closeSync(handle);
    if (isBusy(error)) return null;
    throw error;
  }
  held.add(file);
  return {
    get isRemoved() {
      return file.isOpen && fstatSync(handle).nlink === 0;
    },
    release() {
      held.delete(file);
      if (!file.isOpen) return;
      file.close();
      closeSync(handle);
    },
  };
}

/** Whether some process, this one included, holds the lock. The file must exist. */
export function isLocked(path: string): boolean {
  const file = openLock(path, { readOnly: true });
  try {
    file.exec('select count(*) from sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    file.close();
  }
}

/** The process that holds the lock, where the system tells (Linux does); null when none does, or nobody knows. */
export function lockHolder(path: string): number | null {
  if (!existsSync('/proc/locks') || !existsSync(path)) return null;
  const { ino } = statSync(path);
  // 1: POSIX  ADVISORY  WRITE 4711 fe:01:123456 1073741826 1073742335
  const held = new RegExp(`^\\d+: (?:->)?\\s*POSIX\\s+\\S+\\s+WRITE\\s+(\\d+)\\s+\\S+:${ino}\\s`, 'm');
  const pid = Number(held.exec(readFileSync('/proc/locks', 'utf8'))?.[1] ?? 0);
  return pid > 0 ? pid : null;
}

function openLock(
  path: string,
  options: { readonly timeout?: number; readonly readOnly?: boolean },
): DatabaseSync {
  try {
    return new DatabaseSync(path, options);
  } catch (error) {
    // SQLite gives no reason; where the file is there and may be read, its path is longer than the 512 bytes it takes.
    throw new StackError('permission', `The lock ${path} cannot be opened.`, {
      hint: 'Use a folder with a shorter path, or one on a disk that knows locks; --data names another.',
      cause: error,
    });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
