/** `/bucket`: rows of storage.buckets, over which row security decides. */

import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import { arrayLiteral } from '@peakstone/kernel/pg';
import { explain, RecordError } from '../records/errors.ts';
import { readFields, readJson, type Shape } from './body.ts';
import { asCaller, asService, type Call } from './call.ts';
import { malformed, StorageError } from './errors.ts';
import { assertBucketName, assertMimeType, assertNewBucketName, readSize } from './names.ts';

export interface StoredBucket {
  readonly id: string;
  readonly public: boolean;
  readonly file_size_limit: number | null;
  readonly allowed_mime_types: readonly string[] | null;
}

const time = (column: string): string =>
  `pg_catalog.to_char(b.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const told = (more = ''): string =>
  `pg_catalog.json_build_object('id', b.id, 'name', b.name, 'owner', coalesce(b.owner::text, ''), 'public', coalesce(b.public, false),${more}
  'file_size_limit', b.file_size_limit, 'allowed_mime_types', b.allowed_mime_types, 'created_at', ${time('created_at')}, 'updated_at', ${time('updated_at')})`;

const limitFields = {
  public: { kind: 'boolean' },
  file_size_limit: { kind: 'size', nullable: true },
  allowed_mime_types: { kind: 'strings', nullable: true },
} as const satisfies Shape;

const creation: Shape = {
  name: { kind: 'string', required: true },
  id: { kind: 'string' },
  type: { kind: 'string', oneOf: ['STANDARD', 'ANALYTICS'] },
  ...limitFields,
};

export async function createBucket(call: Call): Promise<HttpResponse> {
  const { door, caller } = call;
  const body = await readJson(call.http, creation);
  const name = body.name as string;
  const id = (body.id as string | undefined) || name;
  assertNewBucketName(name);
  assertNewBucketName(id);
  if (body.type === 'ANALYTICS')
    throw new StorageError(
      'FeatureNotEnabled',
      'The feature Iceberg buckets is not enabled for this resource',
    );
  const { size, types } = readLimits(call, body);
  // One that S3 made is there, with its row or soon.
  const present = door.store.buckets.find(id);
  if (present !== undefined) await door.records.buckets.ensure(present);
  const uuid = /^[0-9a-f-]{36}$/i.test(caller.subject ?? '') ? caller.subject! : null;
  try {
    await asCaller(call, {
      text: `insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
        values ($1, $2, $3::uuid, $4, $5, $6, $7::text[])`,
      values: [
        id,
        name,
        uuid,
        caller.subject ?? null,
        String(body.public ?? false),
        numberText(size),
        listText(types),
      ],
    });
  } catch (error) {
    throw isReason(error, 'duplicate')
      ? new StorageError('BucketAlreadyExists', undefined, { cause: error })
      : error;
  }
  await door.records.buckets.bucketOf(id);
  return jsonResponse(200, { name });
}

const listing: Shape = {
  limit: { kind: 'integer', least: 1 },
  offset: { kind: 'integer', least: 0 },
  sortColumn: { kind: 'string', oneOf: ['id', 'name', 'created_at', 'updated_at'] },
  sortOrder: { kind: 'string', oneOf: ['asc', 'desc'] },
  search: { kind: 'string' },
};

export async function listBuckets(call: Call): Promise<HttpResponse> {
  const { limit, offset, sortColumn, sortOrder, search } = readFields(
    'querystring',
    Object.fromEntries(call.query),
    listing,
  ) as {
    limit?: number;
    offset?: number;
    sortColumn?: string;
    sortOrder?: string;
    search?: string;
  };
  const { headers } = call.http;
  // Python's clients of then take no field that they do not know.
  const isOld =
    isBefore('supabase-py/', [2, 18], headers['x-client-info']) ||
    isBefore('storage3/', [0, 12, 1], headers['user-agent']);
  const json = told(isOld ? '' : `'type', b.type,`);
  // Those that S3 made are among them.
  await call.door.records.buckets.sync();
  const order =
    sortColumn === undefined ? '' : `order by b.${sortColumn} ${sortOrder === 'desc' ? 'desc' : 'asc'}`;
  const rows = await asCaller(call, {
    text: `select ${json} from storage.buckets b where $1 = '' or b.name ilike '%' || $1 || '%' ${order} limit $2::bigint offset $3::bigint`,
    values: [(search ?? '').replace(/[\\%_]/g, '\\$&'), numberText(limit), numberText(offset ?? 0)],
  });
  return jsonResponse(200, rows);
}

export async function getBucket(call: Call): Promise<HttpResponse> {
  return jsonResponse(200, await visibleBucket(call));
}

export async function updateBucket(call: Call): Promise<HttpResponse> {
  assertBucketName(call.bucket);
  const body = await readJson(call.http, limitFields);
  if (Object.keys(body).length === 0) throw malformed("body must have required property 'public'");
  const { size, types } = readLimits(call, body);
  await surfaceBucket(call);
  const values: (string | null)[] = [call.bucket];
  const sets: string[] = [];
  const set = (column: string, type: string, value: string | null): void => {
    values.push(value);
    sets.push(`${column} = $${values.length}::${type}`);
  };
  if (body.public !== undefined) set('public', 'boolean', String(body.public));
  if (size !== undefined) set('file_size_limit', 'bigint', numberText(size));
  if (types !== undefined) set('allowed_mime_types', 'text[]', listText(types));
  const rows = await asCaller(call, {
    text: `update storage.buckets b set ${sets.join(', ')}, updated_at = now() where b.id = $1 returning pg_catalog.to_json(b.id)`,
    values,
  });
  if (rows.length === 0) throw new StorageError('NoSuchBucket');
  return jsonResponse(200, { message: 'Successfully updated' });
}

export async function deleteBucket(call: Call): Promise<HttpResponse> {
  const { bucket: name, door } = call;
  assertBucketName(name);
  await surfaceBucket(call);
  await anyBucket(call);
  const held = await asService(call, {
    text: 'select pg_catalog.to_json(o.id) from storage.objects o where o.bucket_id = $1 limit 1',
    values: [name],
  });
  const bucket = door.store.buckets.find(name);
  if (held.length > 0 || (bucket !== undefined && !door.store.isEmpty(bucket)))
    throw new StorageError('ResourceNotEmpty');
  try {
    const gone = await asCaller(call, {
      text: 'delete from storage.buckets b where b.id = $1 returning pg_catalog.to_json(b.id)',
      values: [name],
    });
    if (gone.length === 0) throw new StorageError('NoSuchBucket');
  } catch (error) {
    throw isReason(error, 'referenced')
      ? new StorageError('ResourceNotEmpty', undefined, { cause: error })
      : error;
  }
  while (await door.records.drain());
  return jsonResponse(200, { message: 'Successfully deleted' });
}

const emptiedAtOnce = 1000;

/** For the service alone. */
export async function emptyBucket(call: Call): Promise<HttpResponse> {
  await visibleBucket(call);
  for (;;) {
    const gone = await asCaller<string>(call, {
      text: `delete from storage.objects o where o.id in (select id from storage.objects where bucket_id = $1 limit ${emptiedAtOnce})
        returning pg_catalog.to_json(o.name)`,
      values: [call.bucket],
    });
    while (await call.door.records.drain());
    if (gone.length < emptiedAtOnce) break;
  }
  return jsonResponse(200, { message: 'Empty bucket has been queued. Completion may take up to an hour.' });
}

/** As row security lets the caller see it. @throws {StorageError} NoSuchBucket */
async function visibleBucket(call: Call): Promise<StoredBucket> {
  assertBucketName(call.bucket);
  await surfaceBucket(call);
  const [row] = await asCaller<StoredBucket>(call, {
    text: `select ${told()} from storage.buckets b where b.id = $1`,
    values: [call.bucket],
  });
  if (row === undefined) throw new StorageError('NoSuchBucket');
  return row;
}

/** Whoever asks: what it lets in and whether it is public. @throws {StorageError} NoSuchBucket */
export async function anyBucket(call: Call, name = call.bucket): Promise<StoredBucket> {
  assertBucketName(name);
  const [row] = await asService<StoredBucket>(call, {
    text: `select ${told()} from storage.buckets b where b.id = $1`,
    values: [name],
  });
  if (row !== undefined) return row;
  // S3 may have made it, and nobody has asked for it here yet.
  const bucket = call.door.store.buckets.find(name);
  if (bucket === undefined || bucket.recorded !== undefined) throw new StorageError('NoSuchBucket');
  await call.door.records.buckets.bucketOf(name);
  return await anyBucket(call, name);
}

/** Gives one that S3 made its row. */
async function surfaceBucket({ door, bucket: name }: Call): Promise<void> {
  const bucket = door.store.buckets.find(name);
  if (bucket !== undefined && bucket.recorded === undefined) await door.records.buckets.bucketOf(name);
}

interface Limits {
  /** Undefined: nothing is said of it. */
  readonly size: number | null | undefined;
  readonly types: readonly string[] | null | undefined;
}

function readLimits({ door }: Call, body: Readonly<Record<string, unknown>>): Limits {
  const limit = body.file_size_limit as string | number | null | undefined;
  const size =
    limit === null || limit === undefined || limit === '' ? (limit === '' ? null : limit) : readSize(limit);
  if (typeof size === 'number' && size > door.maxObjectBytes) throw new StorageError('EntityTooLarge');
  const types = (body.allowed_mime_types as string[] | null | undefined)?.filter(Boolean);
  for (const type of types ?? []) assertMimeType(type);
  return { size, types: body.allowed_mime_types === null ? null : types };
}

function isReason(error: unknown, reason: RecordError['reason']): boolean {
  const explained = explain(error);
  return explained instanceof RecordError && explained.reason === reason;
}

const numberText = (value: number | null | undefined): string | null =>
  value == null ? null : String(value);
const listText = (values: readonly string[] | null | undefined): string | null =>
  values == null ? null : arrayLiteral(values);

function isBefore(client: string, version: readonly number[], text = ''): boolean {
  const at = text.indexOf(client);
  if (at < 0) return false;
  const found = text.slice(at + client.length).split(/[^\d]/, version.length);
  for (const [i, number] of version.entries()) {
    const its = Number(found[i] ?? 0);
    if (its !== number) return its < number;
  }
  return false;
}
