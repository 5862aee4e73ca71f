/**
 * Signature Version 2, which clients of other endpoints than Amazon's still presign with by default. Pure but for the clock.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
import { createHmac } from 'node:crypto';
import type { HttpRequest } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import type { Credential, FindCredential } from '../iam/credential.ts';
import { encodePath } from '../wire/encode.ts';
import type { Query } from '../wire/query.ts';
import { decodePath } from '../wire/target.ts';
import { isEqual } from './equal.ts';

const maxSkewMs = 15 * 60_000;

/** Parameters that are part of what is signed. */
const subresources = new Set([
  'acl',
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
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'retention',
  'select',
  'select-type',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

/** `Authorization: AWS KEY:SIGNATURE`. @throws {S3Error} */
export function verifyV2Header(
  request: HttpRequest,
  query: Query,
  host: string,
  find: FindCredential,
  now: number,
): Credential {
  const match = /^AWS ([^:]+):(\S+)$/.exec(request.headers.authorization!);
  if (match === null)
    throw new S3Error(
      'InvalidArgument',
      "Authorization header is invalid -- one and only one ' ' (space) required",
    );
  const credential = known(find, match[1]!);
  const amzDate = request.headers['x-amz-date'];
  const stated = amzDate ?? request.headers.date;
  const time = Date.parse(stated ?? '');
  if (Number.isNaN(time))
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  if (Math.abs(now - time) > maxSkewMs) throw new S3Error('RequestTimeTooSkewed');
  const text = stringToSign(request, query, host, amzDate === undefined ? request.headers.date! : '');
  assertSignature(credential, text, match[2]!);
  return credential;
}

/** `?AWSAccessKeyId=…&Expires=…&Signature=…`. @throws {S3Error} */
export function verifyV2Presigned(
  request: HttpRequest,
  query: Query,
  host: string,
  find: FindCredential,
  now: number,
): Credential {
  const credential = known(find, query.get('AWSAccessKeyId') ?? '');
  const expires = query.get('Expires') ?? '';
  if (!/^-?\d{1,15}$/.test(expires))
    throw new S3Error('AccessDenied', 'Invalid date (should be seconds since epoch)');
  if (Number(expires) * 1000 < now) throw new S3Error('AccessDenied', 'Request has expired');
  assertSignature(credential, stringToSign(request, query, host, expires), query.get('Signature') ?? '');
  return credential;
}

/** Signs text, as of a policy of a POST form. */
export function signV2(secretKey: string, text: string): string {
  return createHmac('sha1', secretKey).update(text, 'latin1').digest('base64');
}

function known(find: FindCredential, accessKey: string): Credential {
  const credential = find(accessKey);
  if (credential === undefined)
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKey } });
  return credential;
}

function assertSignature({ secretKey, sessionToken }: Credential, text: string, given: string): void {
  // Clients sign a bucket's path with a slash at its end, whatever they ask for.
  const slashed = text.replace(/(\n\/[^/?\n]+)(\?[^\n]*)?$/, '$1/$2');
  if (!isEqual(given, signV2(secretKey, text)) && !isEqual(given, signV2(secretKey, slashed)))
    throw new S3Error('SignatureDoesNotMatch');
  // Its token would have to be among the signed headers.
  if (sessionToken !== undefined && !text.includes(`x-amz-security-token:${sessionToken}\n`))
    throw new S3Error('InvalidToken');
}

/** @param bucketOfHost of a virtual-host request; empty otherwise */
function stringToSign(
  { method, headers, path }: HttpRequest,
  query: Query,
  bucketOfHost: string,
  date: string,
): string {
  const amz = Object.keys(headers)
    .filter(name => name.startsWith('x-amz-'))
    .sort()
    .map(name => `${name}:${(headers[name] ?? '').trim().replace(/\s*\n\s*/g, ' ')}\n`)
    .join('');
  const parameters = query.pairs
    .filter(([name]) => subresources.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
  const resource = `${bucketOfHost === '' ? '' : `/${bucketOfHost}`}${encodePath(decodePath(path))}${parameters === '' ? '' : `?${parameters}`}`;
  return `${method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${date}\n${amz}${resource}`;
}
