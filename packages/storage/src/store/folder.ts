/** What lies in a store's folder, and its end. */
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export const formatFile = 'format.json';
export const indexFolder = 'index';
export const blobsFolder = 'blobs';
export const lockFile = 'lock';

/** Whether the folder is a store's. */
export function isStore(folder: string): boolean {
  return existsSync(path.join(folder, formatFile));
}

/** Removes a store nobody serves: what is ours of the folder, and the folder when nothing else is in it. */
export function removeStore(folder: string): void {
  if (!isStore(folder)) return;
  for (const name of [indexFolder, blobsFolder, lockFile, formatFile])
    rmSync(path.join(folder, name), { recursive: true, force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}
