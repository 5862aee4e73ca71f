/** An object's bytes and headers as an answer. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { encodeHeader } from '@peakstone/kernel/http';
import { openFor } from '../../operations/object/encryption.ts';
import type { StoredObject } from '../../records/statements.ts';
import { restraints } from '../../wire/activeTypes.ts';
import { judgeRead } from '../../wire/conditions.ts';
import { readRange } from '../../wire/range.ts';
import type { Call } from '../call.ts';
import { type Found, findBytes } from './find.ts';
import { unsaid } from './unsaid.ts';

export interface ServeOptions {
  /** Of a signed URL: until then it is the same. Milliseconds. */
  readonly expires?: number | undefined;
}

/** The bytes, of a range where one is asked for. @throws {StorageError} NoSuchKey; {S3Error} InvalidRange */
export async function serveObject(
  call: Call,
  stored: StoredObject,
  options: ServeOptions = {},
): Promise<HttpResponse> {
  const { http, door } = call;
  const found = await findBytes(call, stored);
  const { row } = found;
  const headers = describe(call, found, options);
  if (judgeRead(http.headers, row)) return { status: 304, headers, body: null };
  const range = readRange(http.headers.range, row.size);
  const { start, end } = range ?? { start: 0, end: row.size };
  headers.push('Content-Length', String(end - start));
  if (range !== undefined) headers.push('Content-Range', `bytes ${start}-${end - 1}/${row.size}`);
  const body =
    http.method === 'HEAD'
      ? null
      : door.store.bodies.read(row.blob, row.size, start, end, openFor(door.server, unsaid, row.sealed));
  return { status: range === undefined ? 200 : 206, headers, body };
}

/** What is told of an object without its bytes. */
export async function describeStored(call: Call, stored: StoredObject): Promise<HttpResponse> {
  const found = await findBytes(call, stored);
  return {
    status: 200,
    headers: [...describe(call, found, {}), 'Content-Length', String(found.row.size)],
    body: null,
  };
}

function describe({ query }: Call, { stored, row }: Found, { expires }: ServeOptions): string[] {
  const metadata = stored.metadata ?? {};
  const told = (name: string): string | undefined =>
    typeof metadata[name] === 'string' ? clean(metadata[name]) : undefined;
  const type = shownType(told('mimetype') ?? row.headers['content-type'] ?? 'application/octet-stream');
  const headers = [
    'Accept-Ranges',
    'bytes',
    'Content-Type',
    type,
    ...restraints(type),
    'ETag',
    `"${row.etag}"`,
    'Last-Modified',
    new Date(row.modified).toUTCString(),
    'X-Robots-Tag',
    told('xRobotsTag') ?? 'none',
    'X-Content-Type-Options',
    'nosniff',
    ...(expires === undefined
      ? ['Cache-Control', told('cacheControl') ?? 'no-cache']
      : ['Expires', new Date(expires).toUTCString()]),
    ...(row.headers['content-encoding'] ? ['Content-Encoding', row.headers['content-encoding']] : []),
  ];
  const download = query.get('download');
  if (download !== null) headers.push('Content-Disposition', disposition(download));
  return headers;
}

function disposition(name: string): string {
  if (name === '') return 'attachment;';
  const encoded = encodeURIComponent(name);
  return `attachment; filename=${encoded}; filename*=UTF-8''${encoded}`;
}

/** A page of somebody's would act in the name of this origin. */
function shownType(type: string): string {
  return /html/i.test(type) ? 'text/plain' : type;
}

function clean(text: string): string {
  return encodeHeader(text.replace(/[\x00-\x1f\x7f]/g, ' '));
}
