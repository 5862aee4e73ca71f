/** Deletions: rows go as the caller's role, and their bytes with them. */
import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import type { StoredObject } from '../../records/statements.ts';
import * as sql from '../../records/statements.ts';
import { readJson } from '../body.ts';
import { asCaller, asService, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertBucketName, assertNoNul } from '../names.ts';

const maxNames = 1000;

export async function deleteObject(call: Call): Promise<HttpResponse> {
  const { bucket, key, door } = call;
  assertBucketName(bucket);
  assertNoNul(key);
  const [present] = await asService<StoredObject>(call, sql.findObject(bucket, key));
  if (present === undefined) throw new StorageError('NoSuchKey');
  const gone = await asCaller<StoredObject>(call, sql.deleteObject(bucket, key));
  if (gone.length === 0) throw new StorageError('AccessDenied', 'Access denied');
  await door.records.dropped(bucket, gone);
  return jsonResponse(200, { message: 'Successfully deleted' });
}

export async function deleteObjects(call: Call): Promise<HttpResponse> {
  const { bucket, door, http } = call;
  assertBucketName(bucket);
  const { prefixes } = await readJson(http, { prefixes: { kind: 'strings', required: true, least: 1 } });
  const names = prefixes as string[];
  if (names.length > maxNames)
    throw new StorageError('InvalidRequest', `body/prefixes must NOT have more than ${maxNames} items`, {
      error: 'Error',
    });
  const gone = await asCaller<StoredObject>(call, sql.deleteObjects(bucket, names));
  await door.records.dropped(bucket, gone);
  return jsonResponse(200, gone);
}
