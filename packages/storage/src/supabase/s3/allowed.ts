/**
 * What a member may ask of S3: these operations, and with each these actions, query parameters and headers. Whatever else a
 * request says is refused, whether an operation would read it today or not.
 */
import { S3Error } from '../../errors/s3Error.ts';
import type { Identity } from '../../iam/identity.ts';
import type { S3Request } from '../../request.ts';

interface Allowed {
  /** Behind `storage.s3.`, as policies read it. */
  readonly policyName: string;
  /** What the operation may find allowed while it works, with whatever its body names. */
  readonly may?: readonly string[];
  /** Beside those of a signature. */
  readonly query?: readonly string[];
  /** Of `x-amz-`, behind it; `name=value` where one value alone is allowed. */
  readonly headers?: readonly string[];
}

const checksumHeaders = [
  ...['checksum-crc32', 'checksum-crc32c', 'checksum-crc64nvme', 'checksum-sha1', 'checksum-sha256'],
  ...['checksum-algorithm', 'checksum-type', 'sdk-checksum-algorithm', 'trailer', 'decoded-content-length'],
];
/** Clients say of an object what it is anyway. */
const plainHeaders = ['acl=private', 'storage-class=STANDARD'];
const sourceHeaders = [
  'copy-source',
  ...['match', 'none-match', 'modified-since', 'unmodified-since'].map(name => `copy-source-if-${name}`),
];
const read: Allowed = {
  policyName: 'object.get',
  // Row security has been asked whether it is there.
  may: ['s3:GetObject', 's3:ListBucket'],
  query: [
    'partNumber',
    ...[
      'cache-control',
      'content-disposition',
      'content-encoding',
      'content-language',
      'content-type',
      'expires',
    ].map(name => `response-${name}`),
  ],
  headers: ['checksum-mode'],
};
const listing = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];

const operations = {
  ListBuckets: { policyName: 'bucket.list' },
  CreateBucket: { policyName: 'bucket.create', headers: ['acl=private', 'acl=public-read'] },
  DeleteBucket: { policyName: 'bucket.delete' },
  HeadBucket: { policyName: 'bucket.head' },
  GetBucketLocation: { policyName: 'bucket.get_location', query: ['location'] },
  GetBucketVersioning: { policyName: 'bucket.get_versioning', query: ['versioning'] },
  ListObjects: { policyName: 'object.list', query: [...listing, 'marker'] },
  ListObjectsV2: {
    policyName: 'object.list',
    query: [...listing, 'list-type', 'continuation-token', 'start-after', 'fetch-owner'],
  },
  GetObject: read,
  HeadObject: { ...read, policyName: 'object.info' },
  GetObjectTagging: {
    policyName: 'object.get_tagging',
    may: ['s3:GetObjectTagging', 's3:ListBucket'],
    query: ['tagging'],
  },
  PutObject: {
    policyName: 'upload',
    may: ['s3:PutObject'],
    headers: [...checksumHeaders, ...plainHeaders, 'meta-*'],
  },
  CopyObject: {
    policyName: 'object.copy',
    may: ['s3:PutObject', 's3:GetObject', 's3:ListBucket'],
    headers: [...sourceHeaders, ...plainHeaders, 'metadata-directive', 'checksum-algorithm', 'meta-*'],
  },
  CreateMultipartUpload: {
    policyName: 'upload.create_multipart',
    may: ['s3:PutObject'],
    query: ['uploads'],
    headers: [...checksumHeaders, ...plainHeaders, 'meta-*'],
  },
  UploadPart: {
    policyName: 'upload.part',
    may: ['s3:PutObject'],
    query: ['partNumber', 'uploadId'],
    headers: checksumHeaders,
  },
  UploadPartCopy: {
    policyName: 'upload.part_copy',
    may: ['s3:PutObject', 's3:GetObject', 's3:ListBucket'],
    query: ['partNumber', 'uploadId'],
    headers: [...sourceHeaders, 'copy-source-range'],
  },
  CompleteMultipartUpload: {
    policyName: 'upload.complete_multipart',
    may: ['s3:PutObject'],
    query: ['uploadId'],
    headers: [...checksumHeaders, 'mp-object-size'],
  },
  AbortMultipartUpload: {
    policyName: 'upload.abort_multipart',
    may: ['s3:AbortMultipartUpload'],
    query: ['uploadId'],
  },
  ListParts: {
    policyName: 'upload.list_parts',
    may: ['s3:ListMultipartUploadParts'],
    query: ['uploadId', 'max-parts', 'part-number-marker'],
  },
  DeleteObject: {
    policyName: 'object.delete',
    may: ['s3:DeleteObject'],
    headers: ['if-match-last-modified-time', 'if-match-size'],
  },
  // Of a version that its body names it would need more.
  DeleteObjects: {
    policyName: 'object.delete_many',
    may: ['s3:DeleteObject'],
    query: ['delete'],
    headers: checksumHeaders,
  },
} as const satisfies Readonly<Record<string, Allowed>>;

export type AllowedOperation = keyof typeof operations;

/** Of every request: what signs it, and what tools say of themselves. */
const ofSignature: ReadonlySet<string> = new Set([
  ...['content-sha256', 'date', 'security-token', 'user-agent'],
  ...['algorithm', 'credential', 'expires', 'signedheaders', 'signature'],
]);
const queryOfSignature: ReadonlySet<string> = new Set(['AWSAccessKeyId', 'Signature', 'Expires', 'x-id']);
const amz = 'x-amz-';

export interface Admitted {
  readonly name: AllowedOperation;
  readonly policyName: string;
  /** With no other headers than those, and with what the operation may find allowed. */
  readonly request: S3Request;
}

/** @throws {S3Error} AccessDenied */
export function admit(name: string, request: S3Request, identity: Identity & { kind: 'member' }): Admitted {
  if (!isAllowedOperation(name)) throw new S3Error('AccessDenied');
  const { policyName, may = [], query = [], headers = [] }: Allowed = operations[name];
  const isAllowedHeader = (header: string, value: string): boolean => {
    const rest = header.slice(amz.length);
    return (
      ofSignature.has(rest) ||
      headers.includes(rest) ||
      headers.includes(`${rest}=${value}`) ||
      (rest.startsWith('meta-') && headers.includes('meta-*'))
    );
  };
  for (const [given, value] of request.query.pairs) {
    // Signed URLs carry headers as parameters.
    const asHeader = given.toLowerCase();
    const isAllowed = asHeader.startsWith(amz)
      ? isAllowedHeader(asHeader, value)
      : query.includes(given) || queryOfSignature.has(given);
    if (!isAllowed) throw new S3Error('AccessDenied');
  }
  const passed: Record<string, string | undefined> = Object.create(null);
  for (const [given, value] of Object.entries(request.headers)) {
    if (value === undefined) continue;
    if (given.startsWith('x-minio-') || (given.startsWith(amz) && !isAllowedHeader(given, value)))
      throw new S3Error('AccessDenied');
    // Proxies' and applications' own are for policies alone.
    if (!given.startsWith('x-') || given.startsWith(amz)) passed[given] = value;
  }
  return {
    name,
    policyName,
    request: { ...request, headers: passed, identity: { ...identity, may: new Set(may) } },
  };
}

function isAllowedOperation(name: string): name is AllowedOperation {
  return Object.hasOwn(operations, name);
}
