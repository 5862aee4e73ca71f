import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Held until released, or until the process ends in whatever way: the kernel lets go of it, so none is ever stale. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock file, or says that another process has it (`null`). Waits up to half a second, so that someone who
 * only looks (`isLocked`) is not taken for an owner.
 *
 * Node has no flock; SQLite's lock on an empty file is the same system call, works on every platform, between
 * containers that share a volume, and needs no guess about whether a recorded process id is still the same process.
 * @throws when the file cannot be made or opened.
 */
export function takeLock(path: string): Lock | null {
  closeSync(openSync(path, 'a', 0o600));
  const file = new DatabaseSync(path, { timeout: 500 });
  try {
    // Nothing is ever written, so that there is nothing to roll back: no journal beside it.
    file.exec('pragma journal_mode = off; begin exclusive');
  } catch (error) {
    file.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => file.isOpen && file.close() };
}

/** Whether some process, this one included, holds the lock. The file must exist. */
export function isLocked(path: string): boolean {
  const file = new DatabaseSync(path, { readOnly: true });
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

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
