/** What the headers of an upload say of the object to come. */
import { readAclHeaders } from '../../access/aclHeaders.ts';
import { assertMay } from '../../access/check.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { RecordDraft } from '../../store/changes.ts';
import type { BucketRow, ObjectDraft, Origin, Tags } from '../../store/rows.ts';
import { readLock } from '../../wire/lockHeaders.ts';
import { readKeptHeaders, readMetadata } from '../../wire/objectHeaders.ts';
import { readOrigin } from '../../wire/originHeaders.ts';
import { readTagHeader } from '../../wire/tags.ts';
import { ownerOf } from '../owner.ts';

/** @throws {S3Error} for what no object can be, and AccessDenied for what the caller may not say of one */
export function readDraft(server: Server, request: S3Request, bucket: BucketRow): ObjectDraft {
  const { headers } = request;
  return {
    headers: readKeptHeaders(headers),
    metadata: readMetadata(headers),
    ...readPlacement(server, request, bucket),
    tags: readTags(request, bucket),
    origin: readOriginOf(request, bucket),
  };
}

/** Only who may replicate says what an object was elsewhere. @throws {S3Error} AccessDenied, InvalidArgument */
export function readOriginOf(request: S3Request, bucket: BucketRow): Origin | undefined {
  const origin = readOrigin(request.headers);
  if (origin === undefined) return undefined;
  // A form of signature that does not cover these headers lets anybody add them.
  if (!request.headers.authorization?.startsWith('AWS4-')) throw new S3Error('AccessDenied');
  assertMay(request, { action: 's3:ReplicateObject', bucket, key: request.key });
  return origin;
}

/** Of a caller that the database knows: it is asked once more, and the caller owns what it makes. */
export function recordOf({ by }: S3Request): RecordDraft | undefined {
  return by === undefined ? undefined : { ownerId: by.subject, by };
}

/** All but headers, metadata and tags: what a copy takes from its request as well. */
export function readPlacement(
  { iam }: Server,
  request: S3Request,
  bucket: BucketRow,
): Omit<ObjectDraft, 'headers' | 'metadata' | 'tags'> {
  const { headers, identity, key, now } = request;
  const lock = readLock(headers, bucket, now);
  if (lock.retention !== undefined && headers['x-amz-object-lock-mode'] !== undefined)
    assertMay(request, { action: 's3:PutObjectRetention', bucket, key });
  if (lock.legalHold !== undefined) assertMay(request, { action: 's3:PutObjectLegalHold', bucket, key });
  const storageClass = headers['x-amz-storage-class'];
  if (storageClass !== undefined && storageClass !== 'STANDARD' && storageClass !== 'REDUCED_REDUNDANCY')
    throw new S3Error('InvalidStorageClass');
  const uploader = ownerOf(identity);
  const acl = readAclHeaders(headers, uploader, bucket, iam);
  const isBuckets =
    bucket.ownership === 'BucketOwnerEnforced' ||
    (bucket.ownership === 'BucketOwnerPreferred' && headers['x-amz-acl'] === 'bucket-owner-full-control');
  return {
    owner: isBuckets ? bucket.owner : uploader,
    storageClass,
    ...(lock.retention && { retention: lock.retention }),
    ...(lock.legalHold !== undefined && { legalHold: lock.legalHold }),
    acl: isBuckets ? undefined : acl,
  };
}

export function readTags(request: S3Request, bucket: BucketRow): Tags | undefined {
  const text = request.headers['x-amz-tagging'];
  if (text === undefined) return undefined;
  const tags = readTagHeader(text);
  assertMay(request, { action: 's3:PutObjectTagging', bucket, key: request.key, requestTags: tags });
  return tags;
}
