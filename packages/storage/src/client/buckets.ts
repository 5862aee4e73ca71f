/** Buckets, as functions of a connection. */
import { document, element } from '../xml/write.ts';
import type { Connection } from './connection.ts';
import { ClientError } from './error.ts';
import { abortUpload, listUploads } from './multipart.ts';
import { deleteObjects, listVersions } from './objects.ts';

const deletedAtOnce = 1000;

/** @throws {ClientError} BucketAlreadyOwnedByYou, BucketAlreadyExists, InvalidBucketName */
export async function makeBucket(connection: Connection, bucket: string, locks = false): Promise<void> {
  // Some servers answer 200 for a bucket of one's own that is there.
  const found = await connection.send({ method: 'HEAD', path: `/${bucket}`, accept: [403, 404, 400, 301] });
  found.body.resume();
  if (found.status === 200)
    throw new ClientError(
      'BucketAlreadyOwnedByYou',
      409,
      `There is a bucket ${bucket} already.`,
      'To be content with it: --ignore-existing',
    );
  await connection.read({
    method: 'PUT',
    path: `/${bucket}`,
    headers: { 'x-amz-bucket-object-lock-enabled': locks ? 'true' : undefined },
  });
}

/** @throws {ClientError} BucketNotEmpty, NoSuchBucket */
export async function dropBucket(connection: Connection, bucket: string): Promise<void> {
  await connection.read({ method: 'DELETE', path: `/${bucket}` });
}

export async function setVersioning(
  connection: Connection,
  bucket: string,
  status: 'Enabled' | 'Suspended',
): Promise<void> {
  await connection.read({
    method: 'PUT',
    path: `/${bucket}`,
    query: { versioning: '' },
    body: Buffer.from(document('VersioningConfiguration', element('Status', status))),
  });
}

/** Deletes every version, marker and unfinished upload. @returns how many versions. @throws {ClientError} what is locked stays */
export async function emptyBucket(
  connection: Connection,
  bucket: string,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  let batch: { key: string; versionId: string }[] = [];
  const flush = async (): Promise<void> => {
    signal.throwIfAborted();
    if (batch.length === 0) return;
    const [failure] = await deleteObjects(connection, bucket, batch);
    if (failure !== undefined)
      throw new ClientError(
        'NotDeleted',
        403,
        `${bucket}/${failure.key} cannot be deleted: ${failure.message.replace(/\.$/, '')}.`,
        'What is locked goes when its time is over.',
      );
    removed += batch.length;
    batch = [];
  };
  for await (const { key, versionId } of listVersions(connection, { bucket, key: '' })) {
    batch.push({ key, versionId });
    if (batch.length === deletedAtOnce) await flush();
  }
  await flush();
  for (const { key, uploadId } of await listUploads(connection, { bucket, key: '' }))
    await abortUpload(connection, { bucket, key }, uploadId);
  return removed;
}
