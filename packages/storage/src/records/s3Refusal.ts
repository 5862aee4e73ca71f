/** What the database has against something, in S3's words. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import type { RecordError, RecordReason } from './errors.ts';

const refusals: Readonly<Record<RecordReason, ConstructorParameters<typeof S3Error>[0]>> = {
  duplicate: 'PreconditionFailed',
  tooLarge: 'EntityTooLarge',
  mimeType: 'InvalidRequest',
  referenced: 'BucketNotEmpty',
  noBucket: 'NoSuchBucket',
  denied: 'AccessDenied',
  refused: 'InvalidRequest',
  unreachable: 'ServiceUnavailable',
  failed: 'InternalError',
};

export function s3RefusalOf({ reason, message }: RecordError): S3Error {
  const code = refusals[reason];
  // The bucket's limits and the application's own words; others may tell of rows.
  return reason === 'mimeType' || reason === 'refused' ? new S3Error(code, message) : new S3Error(code);
}
