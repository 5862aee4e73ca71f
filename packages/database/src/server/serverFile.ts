/** Reading what the server's user has written. Root reads and believes nothing that a link could have led it to. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';

const maxBytes = 64 * 1024;

/**
 * A small file right in a data folder; undefined where there is none, or, for root, where it is a link or another's than the
 * folder's. What it says is the word of the server's user, no more.
 */
export function readServerFile(dataDir: string, name: string): string | undefined {
  try {
    const file = path.join(dataDir, name);
    return process.geteuid?.() === 0 ? readOwned(file, statSync(dataDir).uid) : readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

function readOwned(file: string, uid: number): string | undefined {
  // Not waiting for the writer of a pipe.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.uid !== uid) return undefined;
    const bytes = Buffer.alloc(maxBytes);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, maxBytes, 0));
  } finally {
    closeSync(fd);
  }
}
