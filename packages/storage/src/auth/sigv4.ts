/** Signature Version 4: in the header, and in the query of a presigned URL. Pure but for the clock that is passed in. */
import type { HttpRequest } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import type { Credential, FindCredential } from '../iam/credential.ts';
import type { Query } from '../wire/query.ts';
import { canonicalHeaders, canonicalQuery, digestRequest } from './canonical.ts';
import { isEqual } from './equal.ts';
import { hmacHex } from './hmac.ts';
import { type PayloadForm, readPayloadForm } from './payloadForm.ts';
import { type Scope, scopeText, signingKey } from './signingKey.ts';
import { parseSigningTime, signingTime } from './time.ts';

export interface Signed {
  readonly credential: Credential;
  readonly payload: PayloadForm;
}

export interface SigningContext {
  readonly find: FindCredential;
  /** Milliseconds. */
  readonly now: number;
  /** The only region that signs; absent: any. */
  readonly region: string | undefined;
  /** That the client may have signed: the request's, and the one that it had before a proxy took a prefix off. */
  readonly paths: readonly string[];
  /** Of a body that has been read already, where the request does not tell its digest. */
  readonly bodyDigest?: string | undefined;
}

const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 604_800;
const algorithm = 'AWS4-HMAC-SHA256';

/** @throws {S3Error} whatever is wrong with it */
export function verifyHeader(request: HttpRequest, query: Query, context: SigningContext): Signed {
  const parts = readAuthorization(request.headers.authorization!);
  const credential = context.find(parts.accessKey);
  if (credential === undefined)
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: parts.accessKey } });
  assertRegion(parts.scope, context);
  const stated = request.headers['x-amz-date'] ?? request.headers.date;
  if (stated === undefined)
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  const time = parseSigningTime(stated);
  if (Number.isNaN(time))
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  if (Math.abs(context.now - time) > maxSkewMs) {
    throw new S3Error('RequestTimeTooSkewed', {
      elements: {
        RequestTime: stated,
        ServerTime: new Date(context.now).toISOString(),
        MaxAllowedSkewMilliseconds: String(maxSkewMs),
      },
    });
  }
  const amzDate = signingTime(time);
  if (!amzDate.startsWith(parts.scope.date)) throw new S3Error('SignatureDoesNotMatch');
  assertSignsAll(request, parts.signedHeaders);
  const declared = request.headers['x-amz-content-sha256'] ?? context.bodyDigest ?? emptyDigest;
  const headers = canonicalHeaders(request, parts.signedHeaders);
  if (headers === undefined) throw new S3Error('SignatureDoesNotMatch');
  const key = signingKey(credential.secretKey, parts.scope);
  const names = parts.signedHeaders.join(';');
  const expected = context.paths
    .map(path => {
      const digest = digestRequest(request.method, path, canonicalQuery(query), headers, names, declared);
      return hmacHex(key, `${algorithm}\n${amzDate}\n${scopeText(parts.scope)}\n${digest}`);
    })
    .find(each => isEqual(parts.signature, each));
  if (expected === undefined) throw new S3Error('SignatureDoesNotMatch');
  assertToken(credential, request.headers['x-amz-security-token']);
  const seed = { key, scope: parts.scope, time: amzDate, signature: expected };
  return { credential, payload: readPayloadForm(declared, seed) };
}

/** @throws {S3Error} */
export function verifyPresigned(request: HttpRequest, query: Query, context: SigningContext): Signed {
  const need = (name: string): string => {
    const value = query.get(name);
    if (value === undefined)
      throw new S3Error(
        'AuthorizationQueryParametersError',
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
      );
    return value;
  };
  if (need('X-Amz-Algorithm') !== algorithm)
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${algorithm}"`);
  const { accessKey, scope } = readCredential(need('X-Amz-Credential'), 'AuthorizationQueryParametersError');
  const stamp = need('X-Amz-Date');
  const time = parseSigningTime(stamp);
  if (Number.isNaN(time) || !stamp.startsWith(scope.date))
    throw new S3Error(
      'AuthorizationQueryParametersError',
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    );
  const expires = need('X-Amz-Expires');
  if (/^-\d{1,9}$/.test(expires)) throw new S3Error('AccessDenied', 'Request has expired');
  if (!/^\d{1,9}$/.test(expires))
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Expires should be a number');
  if (Number(expires) > maxExpiresSeconds)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      'X-Amz-Expires must be less than a week (in seconds) that is 604800',
    );
  const signedHeaders = need('X-Amz-SignedHeaders').split(';');
  const signature = need('X-Amz-Signature');
  const credential = context.find(accessKey);
  if (credential === undefined)
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: accessKey } });
  assertRegion(scope, context);
  if (!signedHeaders.includes('host')) throw new S3Error('SignatureDoesNotMatch');
  assertSignsAll(request, signedHeaders);
  if (time - context.now > maxSkewMs) throw new S3Error('AccessDenied', 'Request is not valid yet');
  if (context.now - time > Number(expires) * 1000) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: {
        Expires: new Date(time + Number(expires) * 1000).toISOString(),
        ServerTime: new Date(context.now).toISOString(),
      },
    });
  }
  const headers = canonicalHeaders(request, signedHeaders);
  if (headers === undefined) throw new S3Error('SignatureDoesNotMatch');
  const declared =
    query.get('X-Amz-Content-Sha256') ?? request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
  const key = signingKey(credential.secretKey, scope);
  const sign = (path: string, payload: string): string => {
    const digest = digestRequest(
      request.method,
      path,
      canonicalQuery(query, 'X-Amz-Signature'),
      headers,
      signedHeaders.join(';'),
      payload,
    );
    return hmacHex(key, `${algorithm}\n${stamp}\n${scopeText(scope)}\n${digest}`);
  };
  // A header beside a presigned URL says how the body comes; what was signed is UNSIGNED-PAYLOAD unless the signer knew better.
  const expected = context.paths
    .flatMap(path => [sign(path, declared), sign(path, 'UNSIGNED-PAYLOAD')])
    .find(each => isEqual(signature, each));
  if (expected === undefined) throw new S3Error('SignatureDoesNotMatch');
  assertToken(credential, query.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token']);
  return { credential, payload: readPayloadForm(declared, { key, scope, time: stamp, signature: expected }) };
}

export const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Authorization {
  readonly accessKey: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function readAuthorization(text: string): Authorization {
  const fields = new Map<string, string>();
  for (const part of text.slice(algorithm.length).split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (!credential || !signedHeaders || !signature) throw new S3Error('AuthorizationHeaderMalformed');
  const { accessKey, scope } = readCredential(credential, 'AuthorizationHeaderMalformed');
  return { accessKey, scope, signedHeaders: signedHeaders.toLowerCase().split(';'), signature };
}

/** `KEY/20261128/us-east-1/s3/aws4_request`; an access key may itself hold slashes. */
export function readCredential(
  text: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError' | 'AccessDenied',
): { readonly accessKey: string; readonly scope: Scope } {
  const parts = text.split('/');
  const [date, region, service, end] = parts.slice(-4);
  const accessKey = parts.slice(0, -4).join('/');
  if (accessKey === '' || end !== 'aws4_request' || !/^\d{8}$/.test(date ?? ''))
    throw new S3Error(
      code,
      'The authorization is malformed; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  if (service !== 's3' && service !== 'sts' && service !== 'iam')
    throw new S3Error(
      code,
      `The authorization is malformed; incorrect service "${service}". This endpoint belongs to "s3".`,
    );
  return { accessKey, scope: { date: date!, region: region!, service } };
}

function assertRegion({ region }: Scope, context: SigningContext): void {
  if (context.region !== undefined && region !== context.region)
    throw new S3Error('AuthorizationHeaderMalformed', {
      message: `The authorization header is malformed; the region is wrong; expecting '${context.region}'.`,
      elements: { Region: context.region },
    });
}

/** What S3 acts on must be covered: a header added on the way is none of the signer's. */
function assertSignsAll({ headers }: HttpRequest, signedHeaders: readonly string[]): void {
  if (!signedHeaders.includes('host'))
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed');
  for (const name in headers) {
    if (!name.startsWith('x-amz-') && !name.startsWith('x-minio-source-')) continue;
    if (name !== 'x-amz-content-sha256' && !signedHeaders.includes(name))
      throw new S3Error('AccessDenied', {
        message: 'There were headers present in the request which were not signed',
        elements: { HeadersNotSigned: name },
      });
  }
}

function assertToken({ sessionToken }: Credential, given: string | undefined): void {
  if (sessionToken === undefined ? given !== undefined && given !== '' : !isEqual(given ?? '', sessionToken))
    throw new S3Error('InvalidToken');
}
