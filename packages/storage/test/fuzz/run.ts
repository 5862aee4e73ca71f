/** Requests out of S3's own words and of noise, signed or not, straight into the handler: none may fail on our side. */
import { type HttpRequest, type HttpResponse, isHeader } from '@peakstone/kernel/http';
import { sign } from '@peakstone/kernel/sigv4';
import type { StorageService } from '../../src/service.ts';
import { rootKeys } from '../support/server.ts';

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'];
const buckets = ['fuzz', 'fuzz-locked', 'missing', '', 'A', '..', '%00', 'minio'];
const keys = [
  'k',
  'a/b',
  '..',
  '../../x',
  '%2e%2e',
  '//',
  '%00',
  '%ff',
  'é',
  '%F0%9F%98%80',
  'x'.repeat(1024),
  'y'.repeat(1100),
  ' ',
  '+',
  '%0d%0a',
];
const parameters = [
  'acl',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'notification',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'retention',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
  'list-type',
  'prefix',
  'delimiter',
  'marker',
  'max-keys',
  'continuation-token',
  'start-after',
  'key-marker',
  'version-id-marker',
  'upload-id-marker',
  'encoding-type',
  'response-content-type',
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Expires',
  'X-Amz-Date',
  'X-Amz-Algorithm',
  'AWSAccessKeyId',
  'Signature',
  'Expires',
  'max-buckets',
  'fetch-owner',
];
const headers = [
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'content-md5',
  'content-type',
  'content-encoding',
  'x-amz-acl',
  'x-amz-grant-read',
  'x-amz-copy-source',
  'x-amz-copy-source-range',
  'x-amz-metadata-directive',
  'x-amz-tagging',
  'x-amz-checksum-crc32',
  'x-amz-checksum-sha256',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-bypass-governance-retention',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-server-side-encryption-customer-key-md5',
  'x-amz-storage-class',
  'x-amz-object-attributes',
  'x-amz-meta-a',
  'x-amz-max-parts',
  'x-amz-expected-bucket-owner',
  'x-amz-trailer',
  'x-amz-decoded-content-length',
  'origin',
  'access-control-request-method',
  'x-amz-bucket-object-lock-enabled',
  'x-amz-object-ownership',
  'x-amz-mp-object-size',
  'x-forwarded-prefix',
  'authorization',
];
const values = [
  '',
  '0',
  '1',
  '-1',
  '5',
  '99999999999999999999',
  'null',
  '*',
  '"x"',
  'true',
  'bytes=0-',
  'bytes=5-1',
  'url',
  'AES256',
  'aws:kms',
  'CRC32',
  'FULL_OBJECT',
  'GOVERNANCE',
  'COMPLIANCE',
  '2099-01-01T00:00:00Z',
  '2001-01-01',
  'ON',
  'private',
  'public-read',
  '/fuzz/k',
  'fuzz/k?versionId=null',
  'id="x"',
  'a=b&c=d',
  'REPLACE',
  'BucketOwnerEnforced',
  'http://example.com',
  'ETag,ObjectParts',
  'x'.repeat(3000),
  '\u00e9\u00ff',
  '%zz',
  '=?UTF-8?b?eA==?=',
  '0000000000000000'.repeat(2),
  'AAAAAA==',
  'multipart/form-data; boundary=x',
  'AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request',
  'AWS a:b',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'us-east-1',
  '/storage',
];
const elements = [
  'CreateBucketConfiguration',
  'LocationConstraint',
  'Delete',
  'Object',
  'Key',
  'VersionId',
  'Quiet',
  'VersioningConfiguration',
  'Status',
  'Tagging',
  'TagSet',
  'Tag',
  'Value',
  'LifecycleConfiguration',
  'Rule',
  'Filter',
  'And',
  'Prefix',
  'Expiration',
  'Days',
  'Date',
  'NoncurrentVersionExpiration',
  'CORSConfiguration',
  'CORSRule',
  'AllowedOrigin',
  'AllowedMethod',
  'ExposeHeader',
  'AccessControlPolicy',
  'Owner',
  'ID',
  'AccessControlList',
  'Grant',
  'Grantee',
  'Permission',
  'CompleteMultipartUpload',
  'Part',
  'PartNumber',
  'ETag',
  'ObjectLockConfiguration',
  'DefaultRetention',
  'Mode',
  'Retention',
  'RetainUntilDate',
  'LegalHold',
  'ServerSideEncryptionConfiguration',
  'ApplyServerSideEncryptionByDefault',
  'SSEAlgorithm',
  'OwnershipControls',
  'ObjectOwnership',
  'PublicAccessBlockConfiguration',
];

/** Numbers that are the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Outcome {
  readonly statuses: ReadonlyMap<number, number>;
  /** What was answered with a status from 500 on, but for what is not implemented. */
  readonly failures: readonly string[];
}

export async function fuzz(service: StorageService, count: number, seed: number): Promise<Outcome> {
  const random = randomOf(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  const tree = (depth: number): string => {
    const name = pick(elements);
    const inside =
      depth > 3 || random() < 0.4
        ? pick([...values.slice(0, 30), '&amp;', '&bomb;', '<!DOCTYPE x [<!ENTITY a "b">]>'])
        : Array.from({ length: Math.floor(random() * 4) }, () => tree(depth + 1)).join('');
    return random() < 0.05 ? `<${name}>${inside}` : `<${name}>${inside}</${name}>`;
  };
  const policy = (): string =>
    JSON.stringify({
      Version: pick(['2012-10-17', 'x']),
      Statement: [
        {
          Effect: pick(['Allow', 'Deny', 'x']),
          Principal: pick(['*', { AWS: '*' }, 5]),
          Action: pick(['s3:*', 's3:GetObject', [], 7]),
          // biome-ignore lint/suspicious/noTemplateCurlyInString: policies write it so.
          Resource: pick(['arn:aws:s3:::fuzz/*', 'arn:aws:s3:::*/${aws:username}', null]),
          Condition: pick([
            undefined,
            { StringLike: { 'aws:Referer': '*'.repeat(40) } },
            { IpAddress: { 'aws:SourceIp': '::/999' } },
            { Null: [] },
          ]),
        },
      ],
    });
  for (let i = 0; i < count; i++) {
    const method = pick(methods);
    const bucket = pick(buckets);
    const path = `/${bucket}${bucket !== '' && random() < 0.7 ? `/${pick(keys)}` : ''}`;
    const query = Array.from(
      { length: Math.floor(random() * 3) },
      () => `${pick(parameters)}=${encodeURIComponent(pick(values))}`,
    ).join('&');
    const body = Buffer.from(
      random() < 0.3 ? '' : random() < 0.6 ? tree(0) : random() < 0.5 ? policy() : pick(values),
    );
    const given: Record<string, string> = { host: '127.0.0.1:9000' };
    for (let n = Math.floor(random() * 4); n > 0; n--) {
      const value = pick(values);
      if (isHeader('x', value)) given[pick(headers)] = Buffer.from(value).toString('latin1');
    }
    if (method !== 'GET') given['content-length'] = String(random() < 0.95 ? body.length : 7);
    const digest = 'UNSIGNED-PAYLOAD';
    const url = { host: '127.0.0.1:9000', pathname: path, searchParams: new URLSearchParams(query) } as URL;
    const all =
      random() < 0.9
        ? sign(
            { region: 'us-east-1', ...rootKeys },
            method,
            url,
            { ...given, 'x-amz-content-sha256': digest },
            digest,
            new Date(),
          )
        : given;
    const answer = await service.handler(
      requestOf(method, path, query, { ...all, host: '127.0.0.1:9000' }, body),
    );
    await drain(answer);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const isOdd = [...answer.headers].some((text, n) => n % 2 === 1 && /[^\t\x20-\x7e\x80-\xff]/.test(text));
    if ((answer.status >= 500 && answer.status !== 501) || isOdd)
      failures.push(
        `${i}: ${answer.status} ${method} ${path.slice(0, 80)}?${query.slice(0, 200)} ${JSON.stringify(given).slice(0, 300)} ${body.toString().slice(0, 200)}`,
      );
  }
  return { statuses, failures };
}

function requestOf(
  method: string,
  path: string,
  query: string,
  fields: Record<string, string>,
  body: Buffer,
): HttpRequest {
  return {
    method,
    target: query === '' ? path : `${path}?${query}`,
    path,
    query,
    headers: fields,
    remoteAddress: '127.0.0.1',
    body: async () => body,
    hold: () => undefined,
    async *stream() {
      if (body.length > 0) yield body;
    },
    onAborted: () => undefined,
  };
}

async function drain({ body }: HttpResponse): Promise<void> {
  if (body === null || typeof body !== 'object' || !(Symbol.asyncIterator in body)) return;
  for await (const piece of body) if (piece.byteLength < 0) return;
}
