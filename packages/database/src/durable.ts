import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/**
 * Replaces a file of this process's user durably: written beside, synced, renamed, the folder synced. Beside is a name that
 * nobody can foresee, and a file that was not there: in a folder of somebody else's a link could wait under any other.
 */
export function writeFileDurably(file: string, text: string, mode: number): void {
  const beside = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  const fd = openSync(beside, 'wx', mode);
  try {
    try {
      writeSync(fd, text);
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
