/** From object to object: on the server where both are its own, else through here, a piece at a time. */
import type { IncomingHttpHeaders } from 'node:http';
import { forEachOf, type Gate } from '../gate.ts';
import { type Place, unquote } from './answers.ts';
import { type Connection, readAll } from './connection.ts';
import { ClientError } from './error.ts';
import {
  abortUpload,
  beginUpload,
  completeUpload,
  copyPart,
  type UploadedPart,
  uploadPart,
} from './multipart.ts';
import { copyObject, getObject, headObject, putObject } from './objects.ts';
import { minPartBytes, partSizeFor } from './upload.ts';

export interface CopyOptions {
  readonly versionId?: string | undefined;
  /** Beside what is the source's. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly onBytes?: (bytes: number) => void;
  readonly gate: Gate;
}

/** CopyObject's limit. */
const maxCopyBytes = 5 * 1024 ** 3;
const copiedPartBytes = 1024 ** 3;
const partsAtOnce = 4;

const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
];

/** What an uploader may say of an object, of what is told of one. Pure. */
export function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && (kept.includes(name) || name.startsWith('x-amz-meta-')))
      found[name] = value;
  return found;
}

/** @returns its size. @throws {ClientError} */
export async function copyWithin(
  connection: Connection,
  source: Place,
  target: Place,
  { headers, onBytes }: Omit<CopyOptions, 'gate'>,
): Promise<number> {
  const head = await headObject(connection, source);
  if (head === undefined) throw missing(source);
  const size = Number(head.headers['content-length']);
  if (size <= maxCopyBytes) {
    await copyObject(connection, source, target, headers);
    onBytes?.(size);
    return size;
  }
  const all = { ...keptHeaders(head.headers), ...headers };
  await inParts(
    connection,
    target,
    all,
    { size, partSize: copiedPartBytes },
    async (uploadId, number, from, to) => {
      const etag = await copyPart(connection, source, [from, to], target, uploadId, number);
      onBytes?.(to - from + 1);
      return etag;
    },
  );
  return size;
}

/** @returns its size. @throws {ClientError} */
export async function copyBetween(
  from: Connection,
  source: Place,
  to: Connection,
  target: Place,
  { versionId, headers, onBytes, gate }: CopyOptions,
): Promise<number> {
  const head = await headObject(from, source, versionId);
  if (head === undefined) throw missing(source);
  const size = Number(head.headers['content-length']);
  const ifMatch = unquote(head.headers.etag);
  const all = { ...keptHeaders(head.headers), ...headers };
  if (size <= minPartBytes) {
    await gate.run(size, async () => {
      const body = await readAll(await getObject(from, source, { versionId, ifMatch }));
      assertLength(source, body, size);
      await putObject(to, target, body, all);
      onBytes?.(size);
    });
    return size;
  }
  const partSize = partSizeFor(size);
  await inParts(to, target, all, { size, partSize }, (uploadId, number, first, last) =>
    gate.run(last - first + 1, async () => {
      const reply = await getObject(from, source, { versionId, ifMatch, from: first, to: last });
      const body = await readAll(reply);
      assertLength(source, body, last - first + 1);
      const etag = await uploadPart(to, target, uploadId, number, body);
      onBytes?.(body.length);
      return etag;
    }),
  );
  return size;
}

/** @param send moves bytes `from` to `to` (included) into the part, and says its ETag */
async function inParts(
  connection: Connection,
  target: Place,
  headers: Readonly<Record<string, string | undefined>>,
  { size, partSize }: { readonly size: number; readonly partSize: number },
  send: (uploadId: string, number: number, from: number, to: number) => Promise<string>,
): Promise<void> {
  const uploadId = await beginUpload(connection, target, headers);
  try {
    const parts: Pick<UploadedPart, 'number' | 'etag'>[] = [];
    const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, i) => i + 1);
    await forEachOf(numbers, partsAtOnce, async number => {
      const from = (number - 1) * partSize;
      const to = Math.min(size, from + partSize) - 1;
      parts.push({ number, etag: await send(uploadId, number, from, to) });
    });
    await completeUpload(connection, target, uploadId, parts);
  } catch (error) {
    // What failed is told; that its parts could not be removed either changes nothing of it.
    await abortUpload(connection.afterAbort(), target, uploadId).catch(() => undefined);
    throw error;
  }
}

function assertLength({ bucket, key }: Place, body: Buffer, length: number): void {
  if (body.length !== length)
    throw new ClientError('Damaged', 200, `${bucket}/${key} came short.`, 'Run the command again.');
}

function missing({ bucket, key }: Place): ClientError {
  return new ClientError(
    'NoSuchKey',
    404,
    `There is no object ${bucket}/${key}.`,
    `See what there is: peakstone storage ls ${bucket}/`,
  );
}
