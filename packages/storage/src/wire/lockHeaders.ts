/** Retention and legal hold, as headers and documents have them. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
import { S3Error } from '../errors/s3Error.ts';
import type { BucketRow, ObjectLock, Retention } from '../store/rows.ts';

export interface Lock {
  readonly retention: Retention | undefined;
  readonly legalHold: boolean | undefined;
}

/** What an upload is locked by: its headers, or its bucket's default. @throws {S3Error} */
export function readLock(
  headers: Readonly<Record<string, string | undefined>>,
  bucket: BucketRow,
  now: number,
): Lock {
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  const hold = headers['x-amz-object-lock-legal-hold'];
  if (mode === undefined && until === undefined && hold === undefined)
    return { retention: defaultRetention(bucket.objectLock, now), legalHold: undefined };
  if (bucket.objectLock === undefined)
    throw new S3Error('InvalidRequest', 'Bucket is missing ObjectLockConfiguration');
  if ((mode === undefined) !== (until === undefined))
    throw new S3Error(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  return {
    retention:
      mode === undefined
        ? defaultRetention(bucket.objectLock, now)
        : checkRetention(mode, until, now, 'InvalidArgument'),
    legalHold: hold === undefined ? undefined : readHold(hold, 'InvalidArgument'),
  };
}

function defaultRetention(lock: ObjectLock | undefined, now: number): Retention | undefined {
  if (lock?.mode === undefined) return undefined;
  const until = new Date(now);
  if (lock.days !== undefined) until.setUTCDate(until.getUTCDate() + lock.days);
  else until.setUTCFullYear(until.getUTCFullYear() + lock.years!);
  return { mode: lock.mode, until: until.getTime() };
}

/** @throws {S3Error} */
export function checkRetention(
  mode: string | undefined,
  until: string | undefined,
  now: number,
  code: 'InvalidArgument' | 'MalformedXML',
): Retention {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE')
    throw new S3Error(code, code === 'InvalidArgument' ? 'Unknown wormMode directive.' : {});
  const time = Date.parse(until ?? '');
  if (Number.isNaN(time))
    throw new S3Error(
      code,
      code === 'InvalidArgument' ? 'The retain until date must be provided in ISO 8601 format' : {},
    );
  if (time <= now) throw new S3Error('InvalidArgument', 'The retain until date must be in the future!');
  return { mode, until: time };
}

export function readHold(text: string | undefined, code: 'InvalidArgument' | 'MalformedXML'): boolean {
  if (text !== 'ON' && text !== 'OFF') throw new S3Error(code);
  return text === 'ON';
}
