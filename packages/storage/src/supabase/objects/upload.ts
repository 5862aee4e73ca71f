/**
 * Uploads: a body as it is, or the file of a form. Whether the caller may is asked before a byte is read: what would be
 * written is tried as its role, and undone.
 */

import { createHash } from 'node:crypto';
import { decodeHeader, type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import { sealFor } from '../../operations/object/encryption.ts';
import { type Form, readForm } from '../../payload/form.ts';
import { assertSize, assertType } from '../../records/limits.ts';
import { s3MetadataOf } from '../../records/metadata.ts';
import * as sql from '../../records/statements.ts';
import type { RecordCaller, RecordDraft } from '../../store/changes.ts';
import type { BucketRow, ObjectDraft } from '../../store/rows.ts';
import { announce } from '../announce.ts';
import { anyBucket, type StoredBucket } from '../buckets.ts';
import { asCaller, byCaller, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertKey } from '../names.ts';
import { readToken } from './download.ts';
import { unsaid } from './unsaid.ts';

type Metadata = Readonly<Record<string, unknown>>;

const maxUserMetadataBytes = 1024 * 1024;

/** What is uploaded, and where it is. */
interface Upload {
  readonly type: string;
  readonly cacheControl: string;
  readonly userMetadata: Metadata | undefined;
  readonly bytes: AsyncIterable<Buffer>;
}

export async function createObject(call: Call): Promise<HttpResponse> {
  return await upload(call, { upsert: call.http.headers['x-upsert'] === 'true' });
}

export async function updateObject(call: Call): Promise<HttpResponse> {
  return await upload(call, { upsert: true });
}

export async function uploadSigned(call: Call): Promise<HttpResponse> {
  const { owner, upsert, by } = call.door.tokens.open(
    readToken(call),
    'upload',
    `${call.bucket}/${call.key}`,
  );
  const maker = by && { ...by, asked: call.asked };
  return await upload(call, { upsert: upsert === true, owner, by: maker, isAllowed: true });
}

interface Terms {
  readonly upsert: boolean;
  /** Of a signed URL, whose maker was asked already, and is asked again at the end. */
  readonly isAllowed?: boolean;
  readonly owner?: string | undefined;
  /** Absent of a URL that an application has signed itself, with the secret of all tokens. */
  readonly by?: RecordCaller | undefined;
}

async function upload(call: Call, { upsert, isAllowed, ...terms }: Terms): Promise<HttpResponse> {
  const { door, key, http } = call;
  const { owner, by } = isAllowed ? terms : { owner: call.caller.subject, by: byCaller(call) };
  assertKey(key);
  const limits = await anyBucket(call);
  const stated = http.headers['content-length'];
  const isForm = (http.headers['content-type'] ?? '').startsWith('multipart/form-data');
  const length = stated === undefined || isForm ? undefined : Number(stated);
  if (length !== undefined) assertSize(length, key, withServersLimit(call, limits));
  const xRobotsTag = readRobots(http.headers['x-robots-tag']);
  // Of a form only its head is read, which says what it is.
  const given = isForm ? await readFormUpload(call) : readRawUpload(call);
  assertType(given.type, key, limits);
  if (!isAllowed)
    await assertMayWrite(call, {
      upsert,
      userMetadata: given.userMetadata,
      metadata: { mimetype: given.type, ...(stated !== undefined && { contentLength: Number(stated) }) },
    });
  const bucket = await door.records.buckets.bucketOf(call.bucket);
  const md5 = createHash('md5');
  const seal = sealFor(door.server, unsaid, bucket);
  const bytes = limited(given.bytes, key, withServersLimit(call, limits), md5);
  const body = await door.store.bodies.stage(bytes, seal?.objectKey);
  let id: unknown;
  try {
    await door.store.objects.put(bucket, key, {
      draft: { ...draftOf(bucket, given), sealed: seal?.sealed },
      body,
      etag: md5.digest('hex'),
      also: announce(call, bucket, key, isForm ? 'ObjectCreated:Post' : 'ObjectCreated:Put'),
      record: {
        ownerId: owner,
        by,
        userMetadata: given.userMetadata ?? {},
        xRobotsTag,
        mode: upsert ? 'upsert' : 'insert',
        onRow: row => {
          id = row.id;
        },
      } satisfies RecordDraft,
    });
  } catch (error) {
    await door.store.bodies.discard(body);
    throw error;
  }
  return jsonResponse(200, { Id: id, Key: `${call.bucket}/${key}` });
}

/** @throws {StorageError} NoContentProvided and its like */
async function readFormUpload({ http }: Call): Promise<Upload> {
  const form: Form = await readForm(http.headers['content-type'], http.stream(), 'with a name');
  const { fields } = form;
  const custom = fields.get('metadata') ?? fields.get('usermetadata');
  if (custom !== undefined && Buffer.byteLength(custom) > maxUserMetadataBytes)
    throw new StorageError('EntityTooLarge', 'The user_metadata exceeded the maximum allowed size');
  const seconds = fields.get('cachecontrol');
  return {
    type: fields.get('contenttype') || form.fileType || 'application/octet-stream',
    cacheControl: seconds ? `max-age=${clean(seconds)}` : 'no-cache',
    userMetadata: parseObject(custom),
    bytes: form.file,
  };
}

function readRawUpload({ http }: Call): Upload {
  const { headers } = http;
  return {
    type: headers['content-type'] || 'application/octet-stream',
    cacheControl: headers['cache-control'] ?? 'no-cache',
    userMetadata: readUserMetadata(headers['x-metadata']),
    bytes: http.stream(),
  };
}

/** Base64 of a JSON object; what is none is passed over, as there. */
export function readUserMetadata(header: string | undefined): Metadata | undefined {
  return header === undefined ? undefined : parseObject(Buffer.from(header, 'base64').toString('utf8'));
}

export function parseObject(text: string | undefined): Metadata | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // PostgreSQL's JSON holds no NUL.
    return value !== null && typeof value === 'object' && !Array.isArray(value) && !text.includes('\\u0000')
      ? (value as Metadata)
      : undefined;
  } catch {
    // The reference passes over what it cannot read.
    return undefined;
  }
}

export interface WantedWrite {
  readonly upsert: boolean;
  readonly userMetadata: Metadata | undefined;
  /** What a policy may judge by. */
  readonly metadata: Metadata;
  readonly bucket?: string;
  readonly key?: string;
}

/** Tries it as the caller, and undoes it. @throws {PgError} what row security or a trigger says; 23505: it is there */
export async function assertMayWrite(call: Call, wanted: WantedWrite): Promise<void> {
  const { upsert, userMetadata, metadata, bucket = call.bucket, key = call.key } = wanted;
  const values = {
    bucket,
    name: key,
    version: '1',
    metadata: JSON.stringify(metadata),
    userMetadata,
    ownerId: call.caller.subject,
  };
  await asCaller(call, upsert ? sql.upsertObject(values) : sql.insertObject(values), { end: 'rollback' });
}

/** What is known of it here. */
export function draftOf(
  { owner }: BucketRow,
  given: Pick<Upload, 'type' | 'cacheControl' | 'userMetadata'>,
): ObjectDraft {
  return {
    owner,
    headers: { 'content-type': clean(given.type), 'cache-control': clean(given.cacheControl) },
    metadata: s3MetadataOf(given.userMetadata),
  };
}

const clean = (text: string): string => decodeHeader(text).replace(/[\x00-\x1f\x7f]/g, ' ');

export function withServersLimit({ door }: Call, limits: StoredBucket): { readonly file_size_limit: number } {
  return { file_size_limit: Math.min(limits.file_size_limit ?? door.maxObjectBytes, door.maxObjectBytes) };
}

/** @throws {RecordError} tooLarge, as soon as it is */
async function* limited(
  bytes: AsyncIterable<Buffer>,
  key: string,
  limits: { readonly file_size_limit: number },
  md5: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    assertSize(size, key, limits);
    md5.update(chunk);
    yield chunk;
  }
}

/** @see https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag */
function readRobots(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[\w\s,:.-]{1,500}$/.test(text))
    throw new StorageError('InvalidRequest', `Invalid X-Robots-Tag header: ${text.slice(0, 50)}`, {
      error: 'invalid_x_robots_tag',
    });
  return text;
}
