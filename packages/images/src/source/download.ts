/** A source as a picture: whole, unpacked, of a kind that we know, and no larger than it may be. */
import { createGunzip } from 'node:zlib';
import { detectFormat, detectionBytes } from '../detect.ts';
import type { Picture } from '../engine/types.ts';
import { ImagesError } from '../errors.ts';
import type { Format } from '../formats.ts';
import type { Lease } from '../memory/budget.ts';
import type { BufferPool } from '../memory/bufferPool.ts';
import type { SourceHeaders, SourceResponse } from './types.ts';

export interface Downloaded {
  readonly picture: Picture;
  readonly headers: SourceHeaders;
}

export interface DownloadLimits {
  /** Of the file; 0 for what memory allows. */
  readonly maxBytes: number;
  readonly pool: BufferPool;
  /** Grows with what has come. */
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/** What one file may have at most, whatever the settings say. */
const maxFileBytes = 128 * 1024 * 1024;

/** A source is held here, and once more where it is drawn. */
export const heldBytes = (fileBytes: number): number => 2 * fileBytes;

/**
 * Reads an answer of 200, or of 206 that is whole. The picture's buffer is of the pool: it is for the caller to give back.
 * @throws {ImagesError} `unreachable`, `incomplete`, `fileSize`, `sourceType`, `memory`
 */
export async function download(response: SourceResponse, limits: DownloadLimits): Promise<Downloaded> {
  try {
    await assertWhole(response);
    const { headers } = response;
    const maxBytes = limits.maxBytes > 0 ? Math.min(limits.maxBytes, maxFileBytes) : maxFileBytes;
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    const packed = headers['content-encoding'] === 'gzip';
    const picture =
      response.whole !== undefined && !packed
        ? await take(response.whole, response, limits)
        : await collect(packed ? gunzip(response.body) : response.body, response, { ...limits, maxBytes });
    return { picture, headers };
  } finally {
    response.close();
  }
}

const tooLarge = (): ImagesError => new ImagesError('fileSize', 'Source image file is too big');

async function assertWhole({ status, headers, body }: SourceResponse): Promise<void> {
  if (status === 200 || (status === 206 && isWhole(headers))) return;
  if (status === 206) throw new ImagesError('unreachable', 'Partial response with incomplete content');
  const text = headers['content-type']?.startsWith('text/') ? await beginning(body) : '';
  throw new ImagesError('unreachable', `status: ${status}${text === '' ? '' : `; ${text}`}`, {
    status: status >= 500 ? 502 : status >= 400 ? status : 404,
  });
}

function isWhole(headers: SourceHeaders): boolean {
  const match = /^bytes 0-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  if (match === null) return false;
  const length = Number(match[2] === '*' ? headers['content-length'] : match[2]);
  return length > 0 && Number(match[1]) === length - 1;
}

/** What an error page says, for the log. */
async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString();
    if (text.length >= 1024) break;
  }
  return text.slice(0, 1024);
}

async function* gunzip(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpack = createGunzip();
  const feeding = feed(body, unpack);
  try {
    for await (const chunk of unpack) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof ImagesError) throw error;
    throw new ImagesError('incomplete', 'The source’s gzip cannot be unpacked.', { cause: error });
  } finally {
    unpack.destroy();
    await feeding;
  }
}

async function feed(
  body: AsyncIterable<Buffer>,
  into: NodeJS.WritableStream & { destroy(error?: Error): void },
): Promise<void> {
  try {
    for await (const chunk of body) {
      if (!into.writable) return;
      if (!into.write(chunk)) {
        await new Promise<void>(resolve => into.once('drain', resolve).once('close', resolve));
      }
    }
    into.end();
  } catch (error) {
    into.destroy(error as Error);
  }
}

async function collect(
  body: AsyncIterable<Buffer>,
  response: SourceResponse,
  limits: DownloadLimits,
): Promise<Picture> {
  const { maxBytes, pool } = limits;
  const announced = Number(response.headers['content-length'] ?? 0);
  const growing = new GrowingBuffer(limits);
  let format: Format | undefined;
  try {
    await growing.reserve(response.headers['content-encoding'] ? 0 : announced);
    for await (const chunk of body) {
      if (growing.length + chunk.length > maxBytes) throw tooLarge();
      await growing.push(chunk);
      // What is no picture is not read to its end.
      if (format === undefined && growing.length >= detectionBytes) format = detect(growing.data, response);
    }
    const { data } = growing;
    return { format: format ?? detect(data, response), data };
  } catch (error) {
    pool.give(growing.data);
    throw error;
  }
}

async function take(
  whole: NonNullable<SourceResponse['whole']>,
  response: SourceResponse,
  { lease, pool, signal }: DownloadLimits,
): Promise<Picture> {
  const bytes = Number(response.headers['content-length']);
  await lease.hold(heldBytes(bytes), signal);
  const data = pool.take(bytes);
  try {
    await whole(data);
    return { format: detect(data, response), data };
  } catch (error) {
    pool.give(data);
    throw error;
  }
}

/** @throws {ImagesError} `sourceType` */
function detect(data: Buffer, { headers, path }: SourceResponse): Format {
  const format = detectFormat(data, headers['content-type'] ?? '', path);
  if (format === undefined) throw new ImagesError('sourceType', 'Source image type not supported');
  return format;
}

/** One buffer, as large as was announced, or twice as large each time that it is full. */
class GrowingBuffer {
  readonly #limits: DownloadLimits;
  #buffer: Buffer;
  #length = 0;

  constructor(limits: DownloadLimits) {
    this.#limits = limits;
    this.#buffer = limits.pool.take(detectionBytes);
  }

  get length(): number {
    return this.#length;
  }

  get data(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Makes it so large; while it grows, it is held twice, which is no more than is held in the end. */
  async reserve(bytes: number): Promise<void> {
    if (bytes <= this.#buffer.length) return;
    const { lease, pool, signal } = this.#limits;
    await lease.hold(heldBytes(bytes), signal);
    const larger = pool.take(bytes);
    this.#buffer.copy(larger, 0, 0, this.#length);
    pool.give(this.#buffer);
    this.#buffer = larger;
  }

  async push(chunk: Buffer): Promise<void> {
    const wanted = this.#length + chunk.length;
    if (wanted > this.#buffer.length) await this.reserve(Math.max(wanted, this.#buffer.length * 2));
    chunk.copy(this.#buffer, this.#length);
    this.#length = wanted;
  }
}
