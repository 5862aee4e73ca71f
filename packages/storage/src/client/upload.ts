/** From a file or a stream into an object: in one piece, or in parts, several at a time. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { forEachOf, type Gate } from '../gate.ts';
import type { Place } from './answers.ts';
import type { Connection } from './connection.ts';
import { ClientError } from './error.ts';
import {
  abortUpload,
  beginUpload,
  completeUpload,
  findUpload,
  listParts,
  type UploadedPart,
  uploadPart,
} from './multipart.ts';
import { putObject } from './objects.ts';

export interface UploadOptions {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Goes on with an upload of the same key that was broken off; and if this one is, leaves its parts. */
  readonly resume?: boolean;
  readonly onBytes?: (bytes: number) => void;
  /** Of memory, shared with other transfers. */
  readonly gate: Gate;
}

const mebibyte = 1024 * 1024;
/** What is no larger goes in one piece. */
export const minPartBytes = 16 * mebibyte;
const maxParts = 10_000;
const partsAtOnce = 4;

/** So that ten thousand suffice. Pure. */
export function partSizeFor(size: number): number {
  return Math.max(minPartBytes, Math.ceil(size / maxParts / mebibyte) * mebibyte);
}

/** @returns the bytes that were read. @throws {ClientError}; what began is aborted then, unless it is to be resumed */
export async function uploadFile(
  connection: Connection,
  file: string,
  place: Place,
  options: UploadOptions,
): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size <= minPartBytes)
      return await options.gate.run(size, async () => {
        const body = await readAt(handle, 0, size, file);
        await putObject(connection, place, body, options.headers);
        options.onBytes?.(size);
        return size;
      });
    const partSize = partSizeFor(size);
    const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, i) => i + 1);
    await inParts(connection, place, options, async (uploadId, present) => {
      const parts: Pick<UploadedPart, 'number' | 'etag'>[] = [];
      await forEachOf(numbers, partsAtOnce, async number => {
        const from = (number - 1) * partSize;
        const length = Math.min(partSize, size - from);
        await options.gate.run(length, async () => {
          const body = await readAt(handle, from, length, file);
          const known = present.find(part => part.number === number && part.size === length);
          const etag =
            known !== undefined && known.etag === createHash('md5').update(body).digest('hex')
              ? known.etag
              : await uploadPart(connection, place, uploadId, number, body);
          parts.push({ number, etag });
          options.onBytes?.(length);
        });
      });
      return parts;
    });
    return size;
  } finally {
    await handle.close();
  }
}

/** Of unknown length. */
export async function uploadStream(
  connection: Connection,
  chunks: AsyncIterable<Buffer>,
  place: Place,
  options: Omit<UploadOptions, 'gate'>,
): Promise<number> {
  const pieces = cut(chunks, minPartBytes);
  const first = await pieces.next();
  const head = first.done ? Buffer.alloc(0) : first.value;
  if (head.length < minPartBytes) {
    await putObject(connection, place, head, options.headers);
    options.onBytes?.(head.length);
    return head.length;
  }
  let bytes = 0;
  await inParts(connection, place, { ...options, resume: false }, async uploadId => {
    const parts: Pick<UploadedPart, 'number' | 'etag'>[] = [];
    const numbered = async function* () {
      yield { number: 1, body: head };
      for (let number = 2; ; number++) {
        const next = await pieces.next();
        if (next.done) return;
        yield { number, body: next.value };
      }
    };
    await forEachOf(numbered(), partsAtOnce, async ({ number, body }) => {
      const etag = await uploadPart(connection, place, uploadId, number, body);
      parts.push({ number, etag });
      bytes += body.length;
      options.onBytes?.(body.length);
    });
    return parts;
  });
  return bytes;
}

/** Begins, or goes on; completes; and aborts what fails. */
async function inParts(
  connection: Connection,
  place: Place,
  { headers, resume = false }: Omit<UploadOptions, 'gate'>,
  send: (
    uploadId: string,
    present: readonly UploadedPart[],
  ) => Promise<readonly Pick<UploadedPart, 'number' | 'etag'>[]>,
): Promise<void> {
  const begun = resume ? await findUpload(connection, place) : undefined;
  const uploadId = begun ?? (await beginUpload(connection, place, headers));
  try {
    const present = begun === undefined ? [] : await listParts(connection, place, uploadId);
    await completeUpload(connection, place, uploadId, await send(uploadId, present));
  } catch (error) {
    if (!resume) await abandon(connection, place, uploadId);
    throw error;
  }
}

/** What failed is told already; that its parts could not be removed either changes nothing of it. */
async function abandon(connection: Connection, place: Place, uploadId: string): Promise<void> {
  await abortUpload(connection.afterAbort(), place, uploadId).catch(() => undefined);
}

async function* cut(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0; ) {
      const taken = rest.subarray(0, bytes - length);
      pieces.push(taken);
      length += taken.length;
      rest = rest.subarray(taken.length);
      if (length < bytes) continue;
      yield Buffer.concat(pieces, length);
      pieces = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(pieces, length);
}

/** @throws {ClientError} the file became shorter meanwhile */
async function readAt(handle: FileHandle, from: number, length: number, file: string): Promise<Buffer> {
  const body = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(body, at, length - at, from + at);
    if (bytesRead === 0)
      throw new ClientError(
        'Changed',
        0,
        `${file} became shorter while it was read.`,
        'Run the command again when nobody writes it.',
      );
    at += bytesRead;
  }
  return body;
}
