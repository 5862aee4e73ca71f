/** A source as a picture: whole, unpacked, of a kind that we know, and no larger than it may be. */
import { createGunzip } from 'node:zlib';
import { detectFormat, detectionBytes } from '../detect.ts';
import type { Picture } from '../engine/types.ts';
import { ImagesError } from '../errors.ts';
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
    const body = packed ? gunzip(response.body) : response.body;
    const picture = await collect(body, response, maxBytes, limits.memory);
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
  { headers, path }: SourceResponse,
  maxBytes: number,
  memory: SourceMemory,
): Promise<Picture> {
  const chunks: Buffer[] = [];
  let size = 0;
  let format: Picture['format'] | undefined;
  const detect = (): Picture['format'] | undefined =>
    detectFormat(Buffer.concat(chunks), headers['content-type'] ?? '', path);
  try {
    for await (const chunk of body) {
      if (size + chunk.length > maxBytes) throw tooLarge();
      memory.take(chunk.length);
      size += chunk.length;
      chunks.push(chunk);
      // What is no picture is not read to its end.
      if (format === undefined && size >= detectionBytes) {
        format = detect();
        if (format === undefined) throw unknownType();
      }
    }
    format ??= detect();
    if (format === undefined) throw unknownType();
    return { format, data: Buffer.concat(chunks, size) };
  } catch (error) {
    memory.release(size);
    throw error;
  }
}

const unknownType = (): ImagesError => new ImagesError('sourceType', 'Source image type not supported');
