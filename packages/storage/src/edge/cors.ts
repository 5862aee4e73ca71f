/**
 * Cross-origin requests of browsers: by a bucket's own rules, else by the server's. Answers to preflights, and the headers
 * that go on other answers, errors too. Pure.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import { matchesPattern } from '../policy/match.ts';
import type { CorsRule } from '../store/rows.ts';

const varies = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** What every origin of MinIO's may do. */
function serverRule(origins: readonly string[]): CorsRule {
  return {
    origins,
    methods: ['GET', 'PUT', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH'],
    headers: ['*'],
    exposed: [
      'Date',
      'Etag',
      'Server',
      'Connection',
      'Accept-Ranges',
      'Content-Range',
      'Content-Encoding',
      'Content-Length',
      'Content-Type',
      'Content-Disposition',
      'Last-Modified',
      'Content-Language',
      'Cache-Control',
      'Retry-After',
      'X-Amz-Bucket-Region',
      'Expires',
      'X-Amz*',
      '*',
    ],
  };
}

/** @throws {S3Error} CrossOriginForbidden, BadRequest */
export function answerPreflight(
  { headers }: HttpRequest,
  rules: readonly CorsRule[] | undefined,
  origins: readonly string[],
): HttpResponse {
  const { origin } = headers;
  const method = headers['access-control-request-method'];
  if (origin === undefined)
    throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.');
  if (method === undefined || !/^[A-Z]+$/.test(method))
    throw new S3Error('BadRequest', `Invalid Access-Control-Request-Method: ${method ?? 'null'}`);
  const asked = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '');
  const rule = (rules ?? [serverRule(origins)]).find(
    each =>
      allows(each, origin, method) &&
      asked.every(name => each.headers.some(pattern => matchesPattern(name, pattern.toLowerCase()))),
  );
  if (rule === undefined) throw new S3Error('CrossOriginForbidden');
  return {
    status: 200,
    headers: [
      ...grant(rule, origin),
      'Access-Control-Allow-Methods',
      rule.methods.join(', '),
      ...(asked.length > 0 ? ['Access-Control-Allow-Headers', asked.join(', ')] : []),
      ...(rule.maxAgeSeconds === undefined ? [] : ['Access-Control-Max-Age', String(rule.maxAgeSeconds)]),
      'Vary',
      varies,
    ],
    body: '',
  };
}

/** For an answer to a request that came from a page; none where its origin is not allowed. */
export function corsHeaders(
  { headers, method: own }: HttpRequest,
  rules: readonly CorsRule[] | undefined,
  origins: readonly string[],
): string[] {
  const { origin } = headers;
  const method = headers['access-control-request-method'] ?? own;
  if (origin === undefined) return [];
  const rule = (rules ?? [serverRule(origins)]).find(each => allows(each, origin, method));
  return rule === undefined
    ? []
    : [...grant(rule, origin), 'Access-Control-Allow-Methods', rule.methods.join(', ')];
}

function allows({ origins, methods }: CorsRule, origin: string, method: string): boolean {
  return methods.includes(method) && origins.some(pattern => matchesPattern(origin, pattern));
}

/** Any origin is let in without its cookies. */
function grant(rule: CorsRule, origin: string): string[] {
  const isAny = rule.origins.includes('*');
  return [
    'Access-Control-Allow-Origin',
    isAny ? '*' : origin,
    ...(isAny ? [] : ['Access-Control-Allow-Credentials', 'true']),
    ...(rule.exposed.length > 0 ? ['Access-Control-Expose-Headers', rule.exposed.join(', ')] : []),
  ];
}
