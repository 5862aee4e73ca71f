/** From an object into a file: beside it first, so that no half of one is ever found under its name. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { type Place, unquote } from './answers.ts';
import type { Connection, Reply } from './connection.ts';
import { ClientError } from './error.ts';
import { getObject } from './objects.ts';

export interface DownloadOptions {
  readonly versionId?: string | undefined;
  /** Goes on with a download that was broken off; and if this one is, leaves what there is of it. */
  readonly resume?: boolean;
  readonly onBytes?: (bytes: number) => void;
}

/** @returns the object's size. @throws {ClientError}; nothing is left then, unless it is to be resumed */
export async function downloadFile(
  connection: Connection,
  place: Place,
  file: string,
  { versionId, resume = false, onBytes }: DownloadOptions,
): Promise<number> {
  await mkdir(path.dirname(file), { recursive: true });
  const head = await getObject(connection, place, { versionId });
  const etag = unquote(head.headers.etag);
  // By what it is of: another version's beginning is none of this one's.
  const part = `${file}.${etag.slice(0, 8)}.part`;
  const present = resume ? await sizeOf(part) : 0;
  const size = Number(head.headers['content-length']);
  const md5 = isPlainMd5(head, etag) ? createHash('md5') : undefined;
  const goesOn = present > 0 && present < size;
  let reply = head;
  if (goesOn) {
    head.body.destroy();
    // Of the same bytes, or not at all.
    reply = await getObject(connection, place, { versionId, from: present, ifMatch: etag });
    if (md5 !== undefined) for await (const piece of createReadStream(part)) md5.update(piece as Buffer);
    onBytes?.(present);
  }
  try {
    await receive(reply, part, goesOn, md5, onBytes);
    const got = await sizeOf(part);
    if (got !== size || (md5 !== undefined && md5.digest('hex') !== etag)) {
      await rm(part, { force: true });
      throw new ClientError(
        'Damaged',
        200,
        `${place.bucket}/${place.key} came damaged: ${got} of ${size} bytes${got === size ? ', with another digest' : ''}.`,
        'Run the command again.',
      );
    }
    const modified = new Date(String(reply.headers['last-modified']));
    if (!Number.isNaN(modified.getTime())) await utimes(part, modified, modified);
    await rename(part, file);
    return size;
  } catch (error) {
    if (!resume) await rm(part, { force: true });
    throw error;
  }
}

async function receive(
  { body }: Reply,
  part: string,
  goesOn: boolean,
  md5: Hash | undefined,
  onBytes: DownloadOptions['onBytes'],
): Promise<void> {
  const handle = await open(part, goesOn ? 'a' : 'w');
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      md5?.update(piece);
      await handle.writeFile(piece);
      onBytes?.(piece.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of what was uploaded in parts, or is encrypted, it is none of the bytes. Pure. */
export function isPlainMd5({ headers }: Reply, etag: string): boolean {
  return (
    /^[0-9a-f]{32}$/.test(etag) &&
    headers['x-amz-server-side-encryption'] !== 'aws:kms' &&
    headers['x-amz-server-side-encryption-customer-algorithm'] === undefined
  );
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
