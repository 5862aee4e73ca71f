/**
 * Refusals in Supabase Storage's words: the status of HTTP is 400 for nearly all of them, the one that is meant stands in the
 * body, since clients have come to read it there.
 */
import { HttpError, type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import { PgError } from '@peakstone/kernel/pg';
import { S3Error } from '../errors/s3Error.ts';
import { explain, RecordError, type RecordReason } from '../records/errors.ts';

interface Refusal {
  readonly statusCode: number;
  /** What clients knew it by before there were codes; absent: the code. */
  readonly error?: string;
  readonly message: string;
}

export const refusals = {
  NoSuchBucket: { statusCode: 404, error: 'Bucket not found', message: 'Bucket not found' },
  NoSuchKey: { statusCode: 404, error: 'not_found', message: 'Object not found' },
  NoSuchUpload: { statusCode: 404, message: 'Upload not found' },
  InvalidJWT: { statusCode: 400, message: 'Invalid JWT' },
  InvalidRequest: { statusCode: 400, message: 'Invalid Request' },
  InvalidParameter: { statusCode: 400, message: 'Invalid Parameter' },
  InvalidSignature: { statusCode: 400, message: 'Invalid signature' },
  ExpiredToken: { statusCode: 400, message: 'The provided token has expired.' },
  AccessDenied: { statusCode: 403, error: 'Unauthorized', message: 'Access denied' },
  BucketAlreadyExists: { statusCode: 409, error: 'Duplicate', message: 'The resource already exists' },
  KeyAlreadyExists: { statusCode: 409, error: 'Duplicate', message: 'The resource already exists' },
  ResourceNotEmpty: { statusCode: 409, message: 'The bucket you tried to delete is not empty' },
  ResourceReferenced: {
    statusCode: 409,
    message: 'The resource could not be updated or removed due to a foreign key constraint',
  },
  ResourceLocked: { statusCode: 423, message: 'The resource is locked' },
  EntityTooLarge: {
    statusCode: 413,
    error: 'Payload too large',
    message: 'The object exceeded the maximum allowed size',
  },
  InvalidMimeType: { statusCode: 415, error: 'invalid_mime_type', message: 'mime type is not supported' },
  InvalidRange: { statusCode: 416, error: 'invalid_range', message: 'invalid range provided' },
  InvalidBucketName: { statusCode: 400, error: 'Invalid Input', message: 'Bucket name invalid' },
  InvalidKey: { statusCode: 400, message: 'Invalid key' },
  InvalidUploadId: { statusCode: 400, message: 'Invalid upload id' },
  FeatureNotEnabled: { statusCode: 409, message: 'The feature is not enabled for this resource' },
  DatabaseTimeout: { statusCode: 544, message: 'The connection to the database timed out' },
  DatabaseError: { statusCode: 500, message: 'database error' },
  SlowDown: { statusCode: 503, message: 'Too much is asked at once; try again in a moment.' },
  StorageFull: { statusCode: 507, message: 'There is no room left for objects.' },
  InternalError: { statusCode: 500, error: 'Internal', message: 'Internal Server Error' },
} as const satisfies Record<string, Refusal>;

export type StorageCode = keyof typeof refusals;

export interface RefusalDetails {
  readonly error?: string;
  /** Of HTTP itself, where it is not the usual one. */
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly cause?: unknown;
}

/** A refusal; rendered once, at the edge of this door. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageCode;
  readonly details: RefusalDetails;

  constructor(code: StorageCode, message?: string, details: RefusalDetails = {}) {
    super(
      message ?? refusals[code].message,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.details = details;
  }

  get statusCode(): number {
    return refusals[this.code].statusCode;
  }

  get status(): number {
    return this.details.status ?? (this.statusCode >= 500 ? this.statusCode : 400);
  }
}

export function renderError(error: StorageError): HttpResponse {
  const { code, statusCode, status, message, details } = error;
  const word = details.error ?? (refusals[code] as Refusal).error ?? code;
  return jsonResponse(
    status,
    { statusCode: String(statusCode), error: word, message, code },
    details.headers ?? [],
  );
}

/** What the schema of a request says, as the reference's framework does. */
export function malformed(message: string): StorageError {
  return new StorageError('InvalidRequest', message, { error: 'Error' });
}

const ofRecords: Readonly<Record<RecordReason, StorageCode>> = {
  duplicate: 'KeyAlreadyExists',
  tooLarge: 'EntityTooLarge',
  mimeType: 'InvalidMimeType',
  referenced: 'ResourceReferenced',
  noBucket: 'NoSuchBucket',
  denied: 'AccessDenied',
  refused: 'DatabaseError',
  unreachable: 'DatabaseTimeout',
  failed: 'DatabaseError',
};

const ofS3: Readonly<Record<string, StorageCode>> = {
  NoSuchBucket: 'NoSuchBucket',
  NoSuchKey: 'NoSuchKey',
  NoSuchUpload: 'NoSuchUpload',
  BucketNotEmpty: 'ResourceNotEmpty',
  AccessDenied: 'AccessDenied',
  EntityTooLarge: 'EntityTooLarge',
  InvalidRange: 'InvalidRange',
  InvalidURI: 'InvalidKey',
  SlowDown: 'SlowDown',
  XMinioStorageFull: 'StorageFull',
};

/** States of the database that say something else than its error codes do by themselves. */
const ofState: Readonly<Record<string, StorageCode>> = {
  '55P03': 'ResourceLocked',
  '57014': 'DatabaseTimeout',
  '22P02': 'InvalidParameter',
  '22021': 'InvalidParameter',
  // A role that is none.
  '22023': 'AccessDenied',
};

/** What failed, as a refusal; undefined for what is our own fault, of which nothing reaches a client. */
export function refusalOf(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  if (error instanceof S3Error)
    return new StorageError(ofS3[error.code] ?? 'InvalidRequest', error.message, { cause: error });
  if (error instanceof HttpError) return ofHttp(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StorageError('StorageFull');
  const explained = explain(error);
  return explained instanceof RecordError ? ofRecord(explained) : undefined;
}

function ofRecord({ reason, message, cause }: RecordError): StorageError {
  const code = ofRecords[reason];
  if (cause instanceof PgError) {
    const known = ofState[cause.code];
    if (known !== undefined) return new StorageError(known, cause.message, { cause });
    if (reason === 'denied')
      return new StorageError(
        code,
        message.includes('row-level security') ? 'new row violates row-level security policy' : message,
        { cause },
      );
    // The application's own words are meant for whoever asks; others may tell of rows.
    if (reason === 'refused') return new StorageError('InvalidRequest', message, { cause });
    if (reason === 'failed') return new StorageError(code, `database error, code: ${cause.code}`, { cause });
  }
  if (reason === 'mimeType') return new StorageError(code, message);
  return new StorageError(code, undefined, { cause });
}

function ofHttp(error: HttpError): StorageError {
  switch (error.status) {
    case 413:
      return new StorageError('EntityTooLarge');
    case 503:
      return new StorageError('SlowDown', undefined, { headers: error.headers });
    default:
      return new StorageError('InvalidRequest', error.message);
  }
}
