import { PassThrough, Readable } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { TransferError } from '../errors.ts';
import { decompressLz4 } from './lz4.ts';

/** How pg_dump compresses; `gzip` is a zlib stream inside of an archive, and a gzip file in a folder. */
export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd';

/** @throws {TransferError} when the data are damaged. */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  container: 'stream' | 'file',
): AsyncGenerator<Buffer> {
  if (compression === 'none') return yield* source as AsyncIterable<Buffer>;
  if (compression === 'lz4') return yield* decompressLz4(source);
  const decoder =
    compression === 'zstd' ? createZstdDecompress() : container === 'file' ? createGunzip() : createInflate();
  // What holds nothing has not even a header.
  const first = source[Symbol.asyncIterator]();
  const head = await first.next();
  if (head.done) return;
  const rest = (async function* () {
    yield head.value;
    for (let next = await first.next(); !next.done; next = await first.next()) yield next.value;
  })();
  const input = Readable.from(rest, { objectMode: true });
  input.on('error', error => decoder.destroy(error));
  const output = decoder.pipe(new PassThrough());
  decoder.on('error', error => output.destroy(error));
  input.pipe(decoder);
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof TransferError) throw error;
    throw new TransferError(`The dump is damaged: its ${compression} data cannot be read.`, {
      hint: 'Copy the file again, in binary mode, or make the dump anew.',
      cause: error,
    });
  } finally {
    input.destroy();
    decoder.destroy();
    output.destroy();
    await first.return?.();
  }
}
