import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes a file that is there whole or not at all, and that nobody else may read: a dump holds all that the database does.
 * @returns what `fill` does.
 */
export async function writeWholeFile<T>(
  file: string,
  fill: (write: (part: string | Buffer) => Promise<void>) => Promise<T>,
): Promise<T> {
  const partial = `${file}.part-${randomBytes(4).toString('hex')}`;
  const handle = await open(partial, 'wx', 0o600);
  try {
    const filled = await fill(async part => {
      await handle.writeFile(part);
    });
    await handle.sync();
    await handle.close();
    await rename(partial, file);
    await syncFolder(path.dirname(file));
    return filled;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

/** A new name outlives a loss of power only when its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
