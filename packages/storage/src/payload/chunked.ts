/**
 * Bodies in `aws-chunked`: `SIZE[;chunk-signature=…]`, bytes, and after the last chunk trailers. Each signature covers the
 * one before, so no chunk can be left out, moved or changed.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
import { createHash, hash } from 'node:crypto';
import { isEqual } from '../auth/equal.ts';
import { hmacHex } from '../auth/hmac.ts';
import type { ChunkSeed } from '../auth/payloadForm.ts';
import { scopeText } from '../auth/signingKey.ts';
import { emptyDigest } from '../auth/sigv4.ts';
import { S3Error } from '../errors/s3Error.ts';

const maxLineBytes = 4096;
const maxChunkBytes = 64 * 1024 * 1024;
const maxTrailers = 16;
const sizeLine = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/;

export interface ChunkedForm {
  readonly seed: ChunkSeed | undefined;
  readonly trailer: boolean;
}

/**
 * The bytes within; trailers are put into `trailers` by the time that it ends.
 * @throws {S3Error} IncompleteBody, SignatureDoesNotMatch
 */
export async function* readChunked(
  stream: AsyncIterable<Buffer>,
  { seed, trailer }: ChunkedForm,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const input = new Input(stream);
  let previous = seed?.signature ?? '';
  for (;;) {
    const match = sizeLine.exec(await input.line());
    if (match === null || (seed !== undefined && match[2] === undefined)) throw incomplete();
    const size = Number.parseInt(match[1]!, 16);
    if (size > maxChunkBytes) throw new S3Error('InvalidRequest', 'A chunk is too large.');
    const digest = seed === undefined ? undefined : createHash('sha256');
    for (let left = size; left > 0; ) {
      const piece = await input.take(left);
      left -= piece.length;
      digest?.update(piece);
      yield piece;
    }
    if (size > 0) await input.end();
    if (digest !== undefined) previous = verify(seed!, previous, digest.digest('hex'), match[2]!);
    if (size === 0) break;
  }
  await readTrailers(input, { seed, trailer }, previous, trailers);
}

function verify(seed: ChunkSeed, previous: string, digest: string, given: string): string {
  const text = `AWS4-HMAC-SHA256-PAYLOAD\n${seed.time}\n${scopeText(seed.scope)}\n${previous}\n${emptyDigest}\n${digest}`;
  const expected = hmacHex(seed.key, text);
  if (!isEqual(given, expected)) throw new S3Error('SignatureDoesNotMatch');
  return expected;
}

async function readTrailers(
  input: Input,
  { seed, trailer }: ChunkedForm,
  previous: string,
  trailers: Map<string, string>,
): Promise<void> {
  let signed = '';
  let signature: string | undefined;
  for (;;) {
    const line = await input.line(!trailer);
    if (line === '') break;
    const colon = line.indexOf(':');
    if (colon < 1 || trailers.size >= maxTrailers) throw incomplete();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') signature = value;
    else {
      trailers.set(name, value);
      signed += `${name}:${value}\n`;
    }
  }
  if (!trailer || seed === undefined) return;
  const text = `AWS4-HMAC-SHA256-TRAILER\n${seed.time}\n${scopeText(seed.scope)}\n${previous}\n${hash('sha256', signed, 'hex')}`;
  if (signature === undefined || !isEqual(signature, hmacHex(seed.key, text)))
    throw new S3Error('SignatureDoesNotMatch');
}

function incomplete(): S3Error {
  return new S3Error('IncompleteBody');
}

/** What has come, read by lines and by counts. */
class Input {
  readonly #iterator: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /** Up to CRLF, without it. @param orEnd the end of the body is an empty line */
  async line(orEnd = false): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end > maxLineBytes || (end < 0 && this.#rest.length > maxLineBytes)) throw incomplete();
      if (end >= 0) {
        const text = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return text;
      }
      if (!(await this.#more())) {
        if (orEnd && this.#rest.length === 0) return '';
        throw incomplete();
      }
    }
  }

  /** One piece of at most so many bytes. */
  async take(most: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw incomplete();
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** The CRLF after a chunk. */
  async end(): Promise<void> {
    while (this.#rest.length < 2) if (!(await this.#more())) throw incomplete();
    if (this.#rest[0] !== 13 || this.#rest[1] !== 10) throw incomplete();
    this.#rest = this.#rest.subarray(2);
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#iterator.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}
