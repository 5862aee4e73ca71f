/**
 * Files of an incremental backup: the blocks that have changed, to be laid over the file of the backup before.
 *
 * ```text
 * magic  count  truncation length   each 4 bytes, little-endian as the server's machine is
 * block numbers (4 each)            padded to a block where there are any
 * blocks
 * ```
 * @see https://www.postgresql.org/docs/17/app-pgcombinebackup.html
 */
import type { FileHandle } from 'node:fs/promises';
import { BackupError } from '../errors.ts';
import type { ByteReader } from './byteReader.ts';

const magic = 0xd3ae1f0d;
const blockBytes = 8192;
/** A relation's file has at most a gigabyte. */
const maxBlocks = 131_072;
const prefix = 'INCREMENTAL.';

/** The file that an entry changes; undefined when it is a file of its own. */
export function changedPath(path: string): string | undefined {
  const slash = path.lastIndexOf('/') + 1;
  return path.startsWith(prefix, slash)
    ? path.slice(0, slash) + path.slice(slash + prefix.length)
    : undefined;
}

/** Lays the changes over a file, which has its new length then. @throws {BackupError} CORRUPT */
export async function applyChanges(file: FileHandle, body: ByteReader): Promise<void> {
  const head = await body.read(12);
  const count = head?.readUInt32LE(4) ?? 0;
  const truncation = head?.readUInt32LE(8) ?? 0;
  if (head?.readUInt32LE(0) !== magic || count > maxBlocks || truncation > maxBlocks) throw malformed();
  const list = await body.read(count * 4);
  const numbers = Array.from({ length: count }, (_, at) => list!.readUInt32LE(at * 4));
  if (count > 0) await body.skip((blockBytes - ((12 + count * 4) % blockBytes)) % blockBytes);
  let length = truncation;
  // What lies behind the truncation is gone, and must not shine through where the file has grown again.
  const { size } = await file.stat();
  if (size > truncation * blockBytes) await file.truncate(truncation * blockBytes);
  for (const number of numbers) {
    if (number >= maxBlocks) throw malformed();
    const block = await body.read(blockBytes);
    if (block === undefined) throw malformed();
    await file.write(block, 0, blockBytes, number * blockBytes);
    length = Math.max(length, number + 1);
  }
  await file.truncate(length * blockBytes);
}

function malformed(): BackupError {
  return new BackupError(
    'CORRUPT',
    'An incremental backup’s file is not in PostgreSQL’s form.',
    'Restore from another backup.',
  );
}
