/** An object as its caller may see it: its row, and its bytes here. */

import type { StoredObject } from '../../records/statements.ts';
import * as sql from '../../records/statements.ts';
import type { BucketRow, ObjectRow } from '../../store/rows.ts';
import { anyBucket, type StoredBucket } from '../buckets.ts';
import { asCaller, asService, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertNoNul } from '../names.ts';

export interface Found {
  readonly stored: StoredObject;
  readonly bucket: BucketRow;
  readonly row: ObjectRow;
}

/** @param asWhom `service` where something else than row security has decided. @throws {StorageError} NoSuchKey */
export async function findStored(
  call: Call,
  asWhom: 'caller' | 'service',
  name = call.key,
  bucket = call.bucket,
): Promise<StoredObject> {
  assertNoNul(name);
  const statement = sql.findObject(bucket, name);
  const [stored] =
    asWhom === 'service'
      ? await asService<StoredObject>(call, statement)
      : await asCaller<StoredObject>(call, statement);
  if (stored === undefined) throw new StorageError('NoSuchKey');
  return stored;
}

/** The bytes of a row. @throws {StorageError} NoSuchKey: it has none here */
export async function findBytes({ door }: Call, stored: StoredObject): Promise<Found> {
  const bucket = await door.records.buckets.bucketOf(stored.bucket_id);
  const row = await door.records.find(bucket, stored.name, stored.version);
  if (row === undefined)
    throw new StorageError('NoSuchKey', 'The resource was not found', {
      error: 'Not found',
      headers: ['Cache-Control', 'no-store'],
    });
  return { stored, bucket, row };
}

/** Of a bucket that anybody may read, or as row security says. @throws {StorageError} NoSuchBucket, NoSuchKey */
export async function findReadable(call: Call): Promise<StoredObject> {
  const bucket = await readableBucket(call);
  return await findStored(call, bucket.public ? 'service' : 'caller');
}

/** Whoever is nobody sees public buckets alone. @throws {StorageError} NoSuchBucket */
async function readableBucket(call: Call): Promise<StoredBucket> {
  const bucket = await anyBucket(call);
  if (!call.isAuthenticated && !bucket.public) throw new StorageError('NoSuchBucket');
  return bucket;
}

/** @throws {StorageError} NoSuchBucket: there is none, or not everybody may read it; NoSuchKey */
export async function findPublic(call: Call): Promise<StoredObject> {
  const bucket = await anyBucket(call);
  if (!bucket.public) throw new StorageError('NoSuchBucket');
  return await findStored(call, 'service');
}
