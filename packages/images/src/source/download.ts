/** A source as a picture: whole, unpacked, of a kind that we know, and no larger than it may be. */
import { createGunzip } from 'node:zlib';
import { BufferPool } from '../bufferPool.ts';
import { detectFormat, detectionBytes } from '../detect.ts';
import type { Picture } from '../engine/types.ts';
import { ImagesError } from '../errors.ts';
import type { Format } from '../formats.ts';
import type { SourceHeaders, SourceResponse } from './types.ts';

export interface Downloaded {
  readonly picture: Picture;
  readonly headers: SourceHeaders;
}

export interface DownloadLimits {
  /** Of the file; 0 for what memory allows. */
  readonly maxBytes: number;
  readonly memory: SourceMemory;
}

/** Bytes of all sources that are held at once. */
export class SourceMemory {
  readonly #most: number;
  readonly #pool = new BufferPool(32 * 1024 * 1024);
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {ImagesError} `memory` */
  take(bytes: number): void {
    if (this.#held + bytes > this.#most) {
      throw new ImagesError('memory', 'The sources in work hold all the memory that they may.');
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  allocate(bytes: number): Buffer {
    return this.#pool.take(bytes);
  }

  /** A source that nobody looks at any more. */
  free(data: Buffer): void {
    this.release(data.length);
    this.#pool.give(data);
  }
}

/** What one file may have at most, whatever the settings say. */
const maxFileBytes = 128 * 1024 * 1024;

/**
 * Reads an answer of 200, or of 206 that is whole. What it takes of the memory is for the caller to release.
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
        ? await take(response.whole, response, limits.memory)
        : await collect(packed ? gunzip(response.body) : response.body, response, maxBytes, limits.memory);
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
  maxBytes: number,
  memory: SourceMemory,
): Promise<Picture> {
  const announced = Number(response.headers['content-length'] ?? 0);
  const growing = new GrowingBuffer(memory, response.headers['content-encoding'] ? 0 : announced);
  let held = 0;
  let format: Format | undefined;
  try {
    for await (const chunk of body) {
      if (growing.length + chunk.length > maxBytes) throw tooLarge();
      memory.take(chunk.length);
      held += chunk.length;
      growing.push(chunk);
      // What is no picture is not read to its end.
      if (format === undefined && growing.length >= detectionBytes) format = detect(growing.data, response);
    }
    const { data } = growing;
    return { format: format ?? detect(data, response), data };
  } catch (error) {
    memory.release(held);
    throw error;
  }
}

async function take(
  whole: (allocate: (bytes: number) => Buffer) => Promise<Buffer>,
  response: SourceResponse,
  memory: SourceMemory,
): Promise<Picture> {
  const bytes = Number(response.headers['content-length']);
  memory.take(bytes);
  try {
    const data = await whole(size => memory.allocate(size));
    return { format: detect(data, response), data };
  } catch (error) {
    memory.release(bytes);
    throw error;
  }
}

/** @throws {ImagesError} `sourceType` */
function detect(data: Buffer, { headers, path }: SourceResponse): Format {
  const format = detectFormat(data, headers['content-type'] ?? '', path);
  if (format === undefined) throw new ImagesError('sourceType', 'Source image type not supported');
  return format;
}

/** What is believed before it has come. */
const maxAnnounced = 16 * 1024 * 1024;

/** One buffer, as large as was announced, or twice as large each time that it is full. */
class GrowingBuffer {
  readonly #memory: SourceMemory;
  #buffer: Buffer;
  #length = 0;

  constructor(memory: SourceMemory, announced: number) {
    this.#memory = memory;
    // Who announces much may send little.
    this.#buffer = memory.allocate(Math.max(detectionBytes, Math.min(announced, maxAnnounced)));
  }

  get length(): number {
    return this.#length;
  }

  get data(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  push(chunk: Buffer): void {
    const wanted = this.#length + chunk.length;
    if (wanted > this.#buffer.length) {
      const larger = this.#memory.allocate(Math.max(wanted, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = wanted;
  }
}
