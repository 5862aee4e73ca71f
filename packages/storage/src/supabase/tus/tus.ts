/**
 * Uploads in pieces, by the TUS protocol 1.0: creation (with data), offsets, termination and expiry. A piece is a part of the
 * store's own uploads, on disk before its offset is told; what came of one that broke off counts.
 * @see https://tus.io/protocols/resumable-upload
 */

import { createHash } from 'node:crypto';
import type { HttpResponse } from '@peakstone/kernel/http';
import { openFor, sealFor } from '../../operations/object/encryption.ts';
import { assertSize, assertType } from '../../records/limits.ts';
import type { RecordCaller } from '../../store/changes.ts';
import type { BucketRow, PartRow, UploadRow } from '../../store/rows.ts';
import { announce } from '../announce.ts';
import { anyBucket } from '../buckets.ts';
import { byCaller, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertBucketName, assertKey } from '../names.ts';
import { unsaid } from '../objects/unsaid.ts';
import { assertMayWrite, draftOf, parseObject, withServersLimit } from '../objects/upload.ts';
import { serviceRole } from '../tokens.ts';
import { readMetadata, readUploadId, type UploadPlace, writeUploadId } from './metadata.ts';
import { Pieces } from './pieces.ts';
import { TusError } from './tusError.ts';

const protocol = ['Tus-Resumable', '1.0.0'] as const;
const extensions = 'creation,creation-with-upload,termination,expiration';
const maxParts = 65_000;
const pieces = new Pieces();

export function tellOptions({ door }: Call): HttpResponse {
  return {
    status: 204,
    headers: [
      ...protocol,
      'Tus-Version',
      '1.0.0',
      'Tus-Extension',
      extensions,
      'Tus-Max-Size',
      String(door.maxObjectBytes),
    ],
    body: null,
  };
}

export async function createUpload(call: Call): Promise<HttpResponse> {
  const { door, http } = call;
  assertProtocol(call);
  const size = readLength(http.headers['upload-length']);
  const given = http.headers['upload-metadata'] ?? '';
  const metadata = readMetadata(given);
  const place = { bucket: metadata.bucketName ?? '', key: metadata.objectName ?? '' };
  assertBucketName(place.bucket);
  assertKey(place.key);
  const permission = permissionOf(call, place);
  const limits = await anyBucket(call, place.bucket);
  const type = metadata.contentType || 'application/octet-stream';
  assertType(type, place.key, limits);
  if (size > withServersLimit(call, limits).file_size_limit) throw new TusError(413, 'Maximum size exceeded');
  assertSize(size, place.key, withServersLimit(call, limits));
  const userMetadata = parseObject(metadata.metadata);
  await assertMay(call, place, permission, { type, size, userMetadata });
  const bucket = await door.records.buckets.bucketOf(place.bucket);
  const seal = sealFor(door.server, unsaid, bucket);
  const cacheControl = /^\d{1,12}$/.test(metadata.cacheControl ?? '')
    ? `max-age=${metadata.cacheControl}`
    : 'no-cache';
  const expires = Date.now() + door.resumableMs;
  const upload = await door.store.uploads.create(bucket, place.key, {
    initiator: bucket.owner,
    draft: { ...draftOf(bucket, { type, cacheControl, userMetadata }), sealed: seal?.sealed },
    resumable: { size, metadata: given, expires, upsert: permission.upsert, owner: permission.owner ?? null },
  });
  const hasData = http.headers['content-type'] === 'application/offset+octet-stream';
  const offset =
    hasData || size === 0
      ? await receive(call, bucket, { ...place, id: upload.id }, upload, 0, permission)
      : 0;
  const id = writeUploadId({ ...place, id: upload.id });
  return {
    status: 201,
    headers: [
      ...protocol,
      'Location',
      `${http.path.replace(/\/$/, '')}/${id}`,
      'Upload-Expires',
      new Date(expires).toUTCString(),
      ...(hasData ? ['Upload-Offset', String(offset)] : []),
    ],
    body: '',
  };
}

export async function headUpload(call: Call): Promise<HttpResponse> {
  assertProtocol(call);
  const place = placeOf(call);
  const permission = permissionOf(call, place);
  // Whoever asks how far it is has lost the connection that is still being waited for.
  return await pieces.interrupting(place.id, async () => {
    const { bucket, upload, finishedSize } = findUpload(call, place, permission);
    const told =
      finishedSize === undefined
        ? [
            'Upload-Offset',
            String(offsetOf(call, upload!)),
            'Upload-Length',
            String(upload!.resumable!.size),
            'Upload-Metadata',
            upload!.resumable!.metadata,
            'Upload-Expires',
            new Date(upload!.resumable!.expires).toUTCString(),
          ]
        : ['Upload-Offset', String(finishedSize), 'Upload-Length', String(finishedSize)];
    return {
      status: bucket ? 200 : 404,
      headers: [...protocol, 'Cache-Control', 'no-store', ...told],
      body: null,
    };
  });
}

export async function patchUpload(call: Call): Promise<HttpResponse> {
  assertProtocol(call);
  const { http } = call;
  if (http.headers['content-type'] !== 'application/offset+octet-stream')
    throw new TusError(415, 'Content-Type header required');
  const place = placeOf(call);
  const permission = permissionOf(call, place);
  const stated = readOffset(http.headers['upload-offset']);
  return await pieces.interrupting(place.id, async signal => {
    const { bucket, upload, finishedSize } = findUpload(call, place, permission);
    const offset = finishedSize ?? offsetOf(call, upload!);
    if (stated !== offset) throw new TusError(409, 'Upload-Offset conflict');
    if (upload === undefined) return patched(offset, undefined);
    const { resumable, draft } = upload;
    const type = draft.headers['content-type'] ?? '';
    const userMetadata = parseObject(readMetadata(resumable!.metadata).metadata);
    await assertMay(call, place, permission, { type, size: resumable!.size, userMetadata });
    const end = await receive(call, bucket, place, upload, offset, permission, signal);
    if (signal.aborted && end < offset + Number(http.headers['content-length'] ?? 0))
      throw new TusError(400, 'Request aborted due to lock acquired');
    return patched(end, resumable!.expires);
  });
}

export async function deleteUpload(call: Call): Promise<HttpResponse> {
  assertProtocol(call);
  const place = placeOf(call);
  const permission = permissionOf(call, place);
  return await pieces.interrupting(place.id, async () => {
    const { bucket, upload } = findUpload(call, place, permission);
    if (upload === undefined) throw new TusError(400, 'Cannot terminate an already completed upload');
    await assertMay(call, place, permission, {
      type: upload.draft.headers['content-type'] ?? '',
      size: upload.resumable!.size,
      userMetadata: undefined,
    });
    await call.door.store.uploads.abort(bucket, place.key, place.id);
    return { status: 204, headers: protocol, body: null };
  });
}

function patched(offset: number, expires: number | undefined): HttpResponse {
  const told = expires === undefined ? [] : ['Upload-Expires', new Date(expires).toUTCString()];
  return { status: 204, headers: [...protocol, 'Upload-Offset', String(offset), ...told], body: null };
}

interface Permission {
  readonly upsert: boolean;
  readonly owner: string | undefined;
  /** Asked once more at the end; absent of a token that an application has signed itself. */
  readonly by: RecordCaller | undefined;
  /** By a signed token, whose maker was asked. */
  readonly isGiven: boolean;
}

/** @throws {StorageError} InvalidSignature */
function permissionOf(call: Call, { bucket, key }: Pick<UploadPlace, 'bucket' | 'key'>): Permission {
  const { http, door, caller, asked } = call;
  if (!isSigned(http.path))
    return {
      upsert: http.headers['x-upsert'] === 'true',
      owner: caller.subject,
      by: byCaller(call),
      isGiven: false,
    };
  const signature = http.headers['x-signature'];
  if (signature === undefined) throw new StorageError('InvalidSignature', 'Missing x-signature header');
  const { owner, upsert, by } = door.tokens.open(signature, 'upload', `${bucket}/${key}`);
  return { upsert: upsert === true, owner, by: by && { ...by, asked }, isGiven: true };
}

const isSigned = (path: string): boolean => /\/upload\/resumable\/sign(?:\/|$)/.test(path);

async function assertMay(
  call: Call,
  { bucket, key }: Pick<UploadPlace, 'bucket' | 'key'>,
  { isGiven, upsert }: Permission,
  what: { type: string; size: number; userMetadata: Readonly<Record<string, unknown>> | undefined },
): Promise<void> {
  if (isGiven) return;
  const metadata = { mimetype: what.type, contentLength: what.size };
  await assertMayWrite(call, { upsert, userMetadata: what.userMetadata, metadata, bucket, key });
}

interface FoundUpload {
  readonly bucket: BucketRow;
  /** Undefined: it is finished. */
  readonly upload: UploadRow | undefined;
  readonly finishedSize: number | undefined;
}

/** @throws {TusError} 404, 410 */
function findUpload(
  { door, caller }: Call,
  { bucket: name, key, id }: UploadPlace,
  { owner, isGiven }: Permission,
): FoundUpload {
  const bucket = door.store.buckets.find(name);
  if (bucket === undefined) throw new TusError(404, 'The file for this url was not found');
  const done = door.store.uploads.completed(bucket, key, id);
  if (done?.size !== undefined) return { bucket, upload: undefined, finishedSize: done.size };
  const upload = door.store.uploads.find(bucket, key, id);
  if (upload?.resumable === undefined) throw new TusError(404, 'The file for this url was not found');
  const { owner: whose } = upload.resumable;
  const isServices = !isGiven && caller.role === serviceRole;
  if (whose !== undefined && whose !== (owner ?? null) && !isServices)
    throw new TusError(404, 'The file for this url was not found');
  if (upload.resumable.expires <= Date.now())
    throw new TusError(410, 'The file for this url no longer exists');
  return { bucket, upload, finishedSize: undefined };
}

function offsetOf({ door }: Call, { id }: UploadRow): number {
  return sizeOf(door.store.uploads.parts(id));
}

const sizeOf = (parts: readonly PartRow[]): number => parts.reduce((sum, { size }) => sum + size, 0);

/** Takes what comes, as far as it comes. @returns where it ends */
async function receive(
  call: Call,
  bucket: BucketRow,
  place: UploadPlace,
  upload: UploadRow,
  offset: number,
  permission: Permission,
  signal?: AbortSignal,
): Promise<number> {
  const { store, server } = call.door;
  const { size } = upload.resumable!;
  const announced = Number(call.http.headers['content-length'] ?? 0);
  if (announced > size - offset && (announced > 0 || size === 0))
    throw new TusError(413, 'Maximum size exceeded');
  const parts = store.uploads.parts(place.id);
  if (parts.length >= maxParts) throw new TusError(413, 'There are too many pieces; send larger ones.');
  if (size > offset) {
    const md5 = createHash('md5');
    const objectKey = openFor(server, unsaid, upload.draft.sealed);
    const body = await store.bodies.stage(pieces.read(call.http, size - offset, md5, signal), objectKey);
    if (body.size > 0) {
      const part = { number: parts.length + 1, etag: md5.digest('hex') };
      try {
        parts.push(await store.uploads.putPart(bucket, place.key, place.id, part, body));
      } catch (error) {
        await store.bodies.discard(body);
        throw error;
      }
    }
  }
  const end = sizeOf(parts);
  if (end === size) await finish(call, bucket, place, upload, parts, permission);
  return end;
}

async function finish(
  call: Call,
  bucket: BucketRow,
  { key }: UploadPlace,
  upload: UploadRow,
  parts: readonly PartRow[],
  { owner, upsert, by }: Permission,
): Promise<void> {
  const { metadata, upsert: wasUpsert } = upload.resumable!;
  const record = {
    ownerId: owner,
    by,
    userMetadata: parseObject(readMetadata(metadata).metadata) ?? {},
    mode: upsert || wasUpsert ? 'upsert' : 'insert',
  } as const;
  const also = announce(call, bucket, key, 'ObjectCreated:CompleteMultipartUpload');
  await call.door.store.uploads.complete(bucket, key, upload, { parts, etag: etagOf(parts), also, record });
}

/** As S3 makes it of parts; of one it is the bytes' own. */
function etagOf(parts: readonly PartRow[]): string {
  if (parts.length === 1) return parts[0]!.etag;
  const whole = createHash('md5');
  for (const { etag } of parts) whole.update(Buffer.from(etag, 'hex'));
  return parts.length === 0 ? whole.digest('hex') : `${whole.digest('hex')}-${parts.length}`;
}

function assertProtocol({ http }: Call): void {
  if (http.headers['tus-resumable'] !== '1.0.0') throw new TusError(412, 'Tus-Resumable Required');
}

/** @throws {TusError} 404 */
function placeOf({ key }: Call): UploadPlace {
  const place = readUploadId(key);
  if (place === undefined) throw new TusError(404, 'The file for this url was not found');
  return place;
}

function readLength(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new TusError(400, 'Upload-Length or Upload-Defer-Length header required');
  return Number(text);
}

function readOffset(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new TusError(403, 'Upload-Offset header required');
  return Number(text);
}
