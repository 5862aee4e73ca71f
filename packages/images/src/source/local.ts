/** Files of one folder of this machine: `local:///PATH`, whatever host it names. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { ImagesError } from '../errors.ts';
import { formats } from '../formats.ts';
import { isNotModified, parseRange } from './conditions.ts';
import { localResponse, type ObjectReader, type SourceHeaders, type SourceResponse } from './types.ts';

export function createLocalSource(root: string): ObjectReader {
  return async ({ source: { key }, headers }) => {
    if (key === '' || key.includes('\0')) return notFound('there is no name');
    // From the top, so that nothing leads out of the folder.
    const name = path.posix.normalize(`/${key}`);
    const file = await openFile(path.join(root, name));
    if (file === null) return notFound(`${name} doesn't exist`);
    try {
      return await respond(file, name, headers);
    } catch (error) {
      await file.close();
      throw error;
    }
  };
}

const notFound = (message: string): SourceResponse =>
  localResponse(404, { 'content-type': 'text/plain' }, message);

/** Fewer, larger pieces: each costs several turns of the event loop. */
const chunkBytes = 512 * 1024;

/** Null when there is none; never waits for one that is no file. */
async function openFile(place: string): Promise<FileHandle | null> {
  try {
    return await open(place, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EISDIR'].includes(code ?? '')) return null;
    throw new ImagesError('unreachable', `${place} cannot be read: ${code}`, { cause: error });
  }
}

async function respond(file: FileHandle, name: string, request: SourceHeaders): Promise<SourceResponse> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile()) {
    await file.close();
    return notFound(`${name} is no file`);
  }
  const size = Number(stats.size);
  const range = parseRange(request.range, size);
  if (range === undefined) {
    await file.close();
    return localResponse(416, {});
  }
  const head = await contentType(file, name);
  const shared = { 'accept-ranges': 'bytes', 'content-type': head };
  if (range !== null) {
    const { start, end } = range;
    const bounds = {
      'content-range': `bytes ${start}-${end}/${size}`,
      'content-length': String(end - start + 1),
    };
    return opened(file, 206, { ...shared, ...bounds }, name, start, end);
  }
  const etag = `"${createHash('sha256').update(`${name}__${size}__${stats.mtimeNs}`).digest('base64url')}"`;
  const modified = new Date(Number(stats.mtimeMs));
  const validators = { etag, 'last-modified': modified.toUTCString() };
  if (isNotModified(request, etag, modified)) {
    await file.close();
    return localResponse(304, validators);
  }
  const length = { 'content-length': String(size) };
  return opened(file, 200, { ...shared, ...validators, ...length }, name, 0, size - 1);
}

function opened(
  file: FileHandle,
  status: number,
  headers: SourceHeaders,
  name: string,
  start: number,
  end: number,
): SourceResponse {
  if (end < start) {
    void file.close();
    return localResponse(status, headers, '', name);
  }
  let taken = false;
  return {
    status,
    headers,
    body: {
      [Symbol.asyncIterator]() {
        taken = true;
        return file.createReadStream({ start, end, highWaterMark: chunkBytes })[Symbol.asyncIterator]();
      },
    },
    whole: async into => {
      taken = true;
      await readAll(file, start, into);
    },
    path: name,
    // Whoever reads the file closes it at its end.
    close: () => void (taken || file.close()),
  };
}

/** @throws {ImagesError} `incomplete`: the file has become shorter meanwhile */
async function readAll(file: FileHandle, start: number, data: Buffer): Promise<void> {
  try {
    for (let at = 0; at < data.length; ) {
      const { bytesRead } = await file.read(data, at, data.length - at, start + at);
      if (bytesRead === 0) throw new ImagesError('incomplete', 'The file was cut while it was read.');
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** By its first bytes, as web servers guess, else by its name. */
async function contentType(file: FileHandle, name: string): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
  const head = buffer.toString('latin1', 0, bytesRead);
  const found = types.find(([mark]) => mark.test(head));
  if (found !== undefined) return found[1];
  const extension = path.extname(name).toLowerCase();
  const named = Object.values(formats).find(format => format.extension === extension);
  return named?.mime ?? 'application/octet-stream';
}

const types: readonly (readonly [RegExp, string])[] = [
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF.{4}WEBPVP/s, 'image/webp'],
  [/^BM/, 'image/bmp'],
  [/^\x00\x00\x01\x00/, 'image/x-icon'],
  [/^%PDF-/, 'application/pdf'],
  [/^<\?xml/, 'text/xml; charset=utf-8'],
  [/^.{4}ftypavif/s, 'image/avif'],
];
