import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

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
    return filled;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}
