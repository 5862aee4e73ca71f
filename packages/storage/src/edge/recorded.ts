/** What S3 asks of the database's account of a bucket, and how it tells what that says. */
import type { HttpRequest } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import { parseSource } from '../operations/object/copySource.ts';
import { RecordError } from '../records/errors.ts';
import { s3RefusalOf } from '../records/s3Refusal.ts';
import type { S3Request } from '../request.ts';
import type { Server } from '../server.ts';

/** A bucket that SQL has made is one here as well, as soon as somebody with a key asks for it. */
export async function surface({ store, records }: Server, { bucket, identity }: S3Request): Promise<void> {
  if (records === undefined || identity.kind === 'anonymous' || store.buckets.find(bucket) !== undefined)
    return;
  await quietly(() => records.buckets.sync());
}

/**
 * Before an object is told of: whether its row is there still. Before a bucket is listed: what has been deleted there goes.
 * @throws {S3Error} NoSuchKey; {RecordError} unreachable
 */
export async function settle({ store, records }: Server, request: S3Request): Promise<void> {
  const { method, query, headers, key } = request;
  const bucket = store.buckets.find(request.bucket);
  if (records === undefined || bucket === undefined) return;
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && key === '') await quietly(() => records.drain());
  if (isRead && key !== '' && !query.has('versionId') && !(await records.settle(bucket, key)))
    throw new S3Error('NoSuchKey', { elements: { Key: key } });
  const source = headers['x-amz-copy-source'];
  if (source === undefined) return;
  const from = parseSource(source);
  const other = store.buckets.find(from.bucket);
  if (other !== undefined && from.versionId === undefined && !(await records.settle(other, from.key)))
    throw new S3Error('NoSuchKey', { elements: { Key: from.key } });
}

/** A database that is not up says nothing of what S3 may list. */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
  }
}

/** Why the database was against it. */
export function refusalOfRecord(
  error: RecordError,
  request: HttpRequest,
  server: Server,
  requestId: string,
): S3Error {
  if (error.reason === 'failed') server.emit({ kind: 'failed', requestId, request, error });
  return s3RefusalOf(error);
}
