import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from 'node:zlib';
import type { Encoding } from './negotiate.ts';

/** A compressor that can be told to send what it has. */
export type Compressor = Transform & { flush(callback?: () => void): void };

interface Codec {
  /** For small bodies, which cost less than a thread's attention. */
  now(bytes: Uint8Array): Buffer;
  /** In another thread. */
  apart(bytes: Uint8Array): Promise<Buffer>;
  stream(): Compressor;
}

// Levels that are worth their time on answers that are made anew for each request: a third of a millisecond for 100 kB, and
// half a megabyte of memory for a stream at most.
const GZIP = { level: 4 };
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: 18 } };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: 18 } };

const inThread = {
  gzip: promisify<Uint8Array, typeof GZIP, Buffer>(gzip),
  br: promisify<Uint8Array, typeof BROTLI, Buffer>(brotliCompress),
  zstd: promisify<Uint8Array, typeof ZSTD, Buffer>(zstdCompress),
};

export const codecs: Readonly<Record<Encoding, Codec>> = {
  gzip: {
    now: bytes => gzipSync(bytes, GZIP),
    apart: bytes => inThread.gzip(bytes, GZIP),
    stream: () => createGzip(GZIP),
  },
  br: {
    now: bytes => brotliCompressSync(bytes, BROTLI),
    apart: bytes => inThread.br(bytes, BROTLI),
    stream: () => createBrotliCompress(BROTLI),
  },
  zstd: {
    now: bytes => zstdCompressSync(bytes, ZSTD),
    apart: bytes => inThread.zstd(bytes, ZSTD),
    stream: () => createZstdCompress(ZSTD),
  },
};
