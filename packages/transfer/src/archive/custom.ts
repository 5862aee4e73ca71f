import { type Compression, decompress } from '../bytes/decompress.ts';
import type { RandomFile } from '../bytes/file.ts';
import { truncated } from '../bytes/queue.ts';
import { TransferError } from '../errors.ts';
import { Cursor, damaged } from './cursor.ts';
import type { ArchiveData, LargeObject } from './data.ts';
import type { ArchiveEntry, ArchiveHeader } from './toc.ts';

const BLOCK_DATA = 1;
const BLOCK_LARGE_OBJECTS = 3;

/**
 * The data of a custom archive: behind the table of contents, a block for each entry in the order in which they were
 * dumped, which is not that of the contents. Where pg_dump wrote into a pipe it could not go back to say where each
 * begins, so the blocks are walked once, by their lengths; behind the last one a second table of contents follows.
 */
export async function openCustom(
  file: RandomFile,
  header: ArchiveHeader,
  entries: readonly ArchiveEntry[],
  dataAt: number,
  integerBytes: number,
): Promise<ArchiveData> {
  const cursorAt = (at: number): Cursor => {
    const cursor = new Cursor(file, at);
    cursor.integerBytes = integerBytes;
    return cursor;
  };
  const withData = entries.filter(({ hasData }) => hasData);
  const places = withData.every(({ offset }) => offset !== null)
    ? new Map(withData.map(({ id, offset }) => [id, offset!]))
    : await walkBlocks(cursorAt(dataAt), withData);
  const open = async (id: number, kind: number): Promise<Cursor> => {
    const at = places.get(id);
    if (at === undefined)
      throw new TransferError(`The archive has no data of entry ${id}, which its contents name.`);
    const cursor = cursorAt(at);
    if ((await cursor.byte()) !== kind || (await cursor.integer()) !== id) throw damaged();
    return cursor;
  };
  return {
    async *rows({ id }) {
      const cursor = await open(id, BLOCK_DATA);
      yield* decompress(chunksAt(cursor), header.compression, 'stream');
    },
    largeObjects: ({ id }) => readLargeObjects(open(id, BLOCK_LARGE_OBJECTS), header.compression),
    close: () => file.close(),
  };
}

async function* readLargeObjects(
  opening: Promise<Cursor>,
  compression: Compression,
): AsyncGenerator<LargeObject> {
  const cursor = await opening;
  for (let oid = await cursor.integer(); oid !== 0; oid = await cursor.integer()) {
    const start = cursor.at;
    const own = new Cursor(cursor.file, start);
    own.integerBytes = cursor.integerBytes;
    yield { oid, data: decompress(chunksAt(own), compression, 'stream') };
    // However much of it was read.
    cursor.at = start;
    await skipChunks(cursor);
  }
}

/** Chunks, each with its length before it, up to one without any. */
async function* chunksAt(cursor: Cursor): AsyncGenerator<Buffer> {
  for (let length = await chunkLength(cursor); length > 0; length = await chunkLength(cursor)) {
    const end = cursor.at + length;
    for await (const part of cursor.file.stream(cursor.at, end)) yield part;
    cursor.at = end;
  }
}

async function chunkLength(cursor: Cursor): Promise<number> {
  const length = await cursor.integer();
  if (length < 0) throw damaged();
  if (cursor.at + length > cursor.file.size) throw truncated();
  return length;
}

async function skipChunks(cursor: Cursor): Promise<void> {
  for (let length = await chunkLength(cursor); length > 0; length = await chunkLength(cursor))
    cursor.at += length;
}

async function walkBlocks(
  cursor: Cursor,
  wanted: readonly ArchiveEntry[],
): Promise<ReadonlyMap<number, number>> {
  const places = new Map<number, number>();
  const missing = new Set(wanted.map(({ id }) => id));
  while (missing.size > 0) {
    const at = cursor.at;
    const kind = await cursor.byte();
    const id = await cursor.integer();
    places.set(id, at);
    missing.delete(id);
    if (kind === BLOCK_DATA) await skipChunks(cursor);
    else if (kind === BLOCK_LARGE_OBJECTS) while ((await cursor.integer()) !== 0) await skipChunks(cursor);
    else throw damaged();
  }
  return places;
}
