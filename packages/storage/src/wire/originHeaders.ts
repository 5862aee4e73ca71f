/** What an object was where it was brought from, as MinIO's replication and our migration say it. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import { isForeignId } from '../store/objects.ts';
import type { Origin } from '../store/rows.ts';

/** @returns undefined where nothing is said. @throws {S3Error} InvalidArgument */
export function readOrigin(headers: Readonly<Record<string, string | undefined>>): Origin | undefined {
  const mtime = headers['x-minio-source-mtime'];
  const etag = headers['x-minio-source-etag'];
  const versionId = headers['x-minio-source-version-id'];
  if (mtime === undefined && etag === undefined && versionId === undefined) return undefined;
  const modified = mtime === undefined ? undefined : Date.parse(mtime);
  if (Number.isNaN(modified)) throw invalid('X-Minio-Source-Mtime');
  if (etag !== undefined && !/^[0-9a-f]{32}(-\d{1,5})?$/.test(etag)) throw invalid('X-Minio-Source-Etag');
  if (versionId !== undefined && !isForeignId(versionId)) throw invalid('X-Minio-Source-Version-Id');
  return { modified, etag, versionId };
}

function invalid(name: string): S3Error {
  return new S3Error('InvalidArgument', `Invalid ${name}`);
}
