/** From an HTTP request to its answer: health, target, operation, caller, permission, work; and errors, rendered here. */
import { hash, randomBytes } from 'node:crypto';
import {
  type Handler,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  withHeaders,
  withRequest,
} from '@peakstone/kernel/http';
import { assertMay, mayDo } from '../access/check.ts';
import { adminPrefix, answerAdmin } from '../admin/index.ts';
import { answerMetrics } from '../admin/metrics.ts';
import { authenticate } from '../auth/authenticate.ts';
import { S3Error } from '../errors/s3Error.ts';
import type { Credential } from '../iam/credential.ts';
import type { Operation } from '../operation.ts';
import { findOperation } from '../operations/index.ts';
import { Payload } from '../payload/payload.ts';
import { RecordError } from '../records/errors.ts';
import type { S3Request } from '../request.ts';
import type { Server } from '../server.ts';
import { type BucketRow, CorruptionError, type CorsRule } from '../store/rows.ts';
import { parseQuery } from '../wire/query.ts';
import { adminErrorResponse, commonHeaders, errorResponse } from '../wire/respond.ts';
import { bucketOfHost, readTarget, type Target } from '../wire/target.ts';
import { answerPreflight, corsHeaders } from './cors.ts';
import { answerHealth } from './health.ts';
import { refusalOfRecord, settle, surface } from './recorded.ts';

/** Another address of S3, with callers of its own beside those who have keys. */
export interface S3Door {
  /** Before the bucket in every path. */
  readonly prefix: string;
  /** Who comes with a token and whatever access key. @throws {S3Error} InvalidToken */
  findMember(accessKey: string, token: string): Credential | undefined;
  /** Answers in the place of the operation; a member's always, of anybody else's undefined. @throws {S3Error} what is not let in */
  run(server: Server, operation: Operation, request: S3Request): Promise<HttpResponse | undefined>;
}

/** By which a request came, and the paths that it may have signed. */
interface Door {
  readonly door?: S3Door | undefined;
  readonly paths: string[];
}

export function createHandler(server: Server, door?: S3Door): Handler {
  return async http => {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    const answer =
      door === undefined
        ? (answerHealth(http, server) ?? (await answerOwn(server, http, requestId)))
        : await answerS3(server, http, requestId, door);
    return withHeaders(answer, commonHeaders(requestId));
  };
}

/** What is asked of the server itself, under the name that no bucket has; else S3. */
async function answerOwn(server: Server, http: HttpRequest, requestId: string): Promise<HttpResponse> {
  // On a host that is a bucket it is a key like others.
  const isOwn =
    http.path.startsWith('/minio/') && bucketOfHost(http.headers.host, server.config.domains) === undefined;
  if (!isOwn) return await answerS3(server, http, requestId);
  try {
    const metrics = await answerMetrics(http, server);
    if (metrics !== undefined) return metrics;
    if (http.path.startsWith(adminPrefix)) {
      const { request, credential } = await identify(server, http, { bucket: '', key: '' }, requestId);
      return await answerAdmin(server, request, credential);
    }
  } catch (error) {
    return adminErrorResponse(refusalOf(error, server, http, requestId), http.path, requestId);
  }
  return await answerS3(server, http, requestId);
}

async function answerS3(
  server: Server,
  received: HttpRequest,
  requestId: string,
  door?: S3Door,
): Promise<HttpResponse> {
  const http = door === undefined ? received : withoutPrefix(received, door.prefix);
  let target: Target = { bucket: '', key: '' };
  let name = 'Refused';
  let answer: HttpResponse;
  server.traffic.begun();
  try {
    target = readTarget(http.path, http.headers.host, door === undefined ? server.config.domains : []);
    if (http.method === 'OPTIONS') {
      name = 'Preflight';
      answer = answerPreflight(http, rulesOf(server, target), server.config.corsOrigins);
    } else {
      const { request } = await identify(server, http, target, requestId, {
        door,
        paths: signedPaths(received),
      });
      const operation = findOperation(request);
      name = operation.name;
      await surface(server, request);
      permit(server, operation, request);
      await settle(server, request);
      const answered = await door?.run(server, operation, request);
      if (answered === undefined && request.identity.kind === 'member') throw new S3Error('AccessDenied');
      answer = answered ?? (await operation.run(server, request));
    }
  } catch (error) {
    const context = { ...target, method: http.method, path: http.path, requestId };
    answer = errorResponse(refusalOf(error, server, http, requestId), context);
  }
  server.traffic.ended(name, answer.status);
  return withCors(answer, server, http, target);
}

/** Who asks, and what, by its signature. @throws {S3Error} */
async function identify(
  server: Server,
  received: HttpRequest,
  target: Target,
  requestId: string,
  { door, paths }: Door = { paths: signedPaths(received) },
): Promise<{ readonly request: S3Request; readonly credential: Credential | undefined }> {
  let http = received;
  const query = parseQuery(http.query);
  const now = Date.now();
  let bodyDigest: string | undefined;
  if (isForm(http)) {
    const body = await http.body(maxFormBytes);
    bodyDigest = hash('sha256', body, 'hex');
    http = withRequest(http, {
      body: async () => body,
      stream: async function* () {
        yield body;
      },
    });
  }
  const isVirtual = server.config.domains.length > 0 && !http.path.startsWith(`/${target.bucket}`);
  const { identity, payload, signedBy, credential } = authenticate(http, query, {
    find(accessKey) {
      const token = query.get('X-Amz-Security-Token') ?? http.headers['x-amz-security-token'];
      const known = server.iam.find(accessKey);
      return known === undefined && token ? door?.findMember(accessKey, token) : known;
    },
    now,
    region: server.config.region,
    bodyDigest,
    paths,
    bucketOfHost: isVirtual ? target.bucket : '',
  });
  const request: S3Request = {
    http,
    method: http.method,
    headers: http.headers,
    query,
    ...target,
    id: requestId,
    now,
    identity,
    signedBy,
    payload: options => new Payload(http, payload, options),
  };
  return { request, credential };
}

function withoutPrefix(http: HttpRequest, prefix: string): HttpRequest {
  const rest = http.target.slice(prefix.length);
  return withRequest(http, { target: rest.startsWith('/') ? rest : `/${rest}` });
}

/** Only a path that was signed by somebody with a key counts: whoever makes a prefix up wins nothing by it. */
function signedPaths({ path, headers }: HttpRequest): string[] {
  const prefix = headers['x-forwarded-prefix'];
  return prefix?.startsWith('/') ? [path, prefix.replace(/\/$/, '') + path] : [path];
}

/** Requests to STS sign the digest of their body without telling it, so that it has to be read first. */
function isForm({ method, path, headers }: HttpRequest): boolean {
  return (
    method === 'POST' &&
    path === '/' &&
    headers['x-amz-content-sha256'] === undefined &&
    (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  );
}

const maxFormBytes = 64 * 1024;

function rulesOf({ store }: Server, { bucket }: Target): readonly CorsRule[] | undefined {
  return bucket === '' ? undefined : store.buckets.find(bucket)?.cors;
}

function withCors(answer: HttpResponse, server: Server, http: HttpRequest, target: Target): HttpResponse {
  if (http.headers.origin === undefined || http.method === 'OPTIONS') return answer;
  return withHeaders(answer, corsHeaders(http, rulesOf(server, target), server.config.corsOrigins));
}

/** Before anything is looked at that the caller might not be allowed to know of. */
function permit(
  server: Server,
  { action, level, makesBucket, acl, looksAt }: Operation,
  request: S3Request,
): void {
  const isMember = request.identity.kind === 'member';
  if (action === undefined || ((level === 'service' || makesBucket) && isMember)) return;
  const wanted = typeof action === 'string' ? action : action(request);
  if (level === 'service' || makesBucket) {
    assertMay(request, { action: wanted });
    return;
  }
  const bucket = server.store.buckets.find(request.bucket);
  // Who knows nobody's keys learns no bucket's name.
  if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: request.bucket } });
  // Its door asks row security, in the place of all this.
  if (isMember) return;
  const existing =
    acl?.of === 'object' || looksAt
      ? server.store.objects.find(bucket, request.key, request.query.get('versionId'))
      : undefined;
  assertExpectedOwner(request, bucket);
  const access = { action: wanted, bucket, key: request.key, acl, existing };
  // Of an object that is not there no ACL can let anybody in: who may list learns that it is not.
  const isMissing = acl?.of === 'object' && (existing === undefined || existing.deleteMarker === true);
  if (isMissing && mayDo(request, listing(bucket, request.key))) return;
  assertMay(request, access);
}

const listing = (bucket: BucketRow, key: string) =>
  ({
    action: 's3:ListBucket',
    bucket,
    acl: { of: 'bucket', permission: 'READ' },
    more: { 's3:prefix': key },
  }) as const;

/** @throws {S3Error} AccessDenied: the client believes the bucket to be somebody else's */
function assertExpectedOwner({ headers }: S3Request, bucket: BucketRow): void {
  const expected = headers['x-amz-expected-bucket-owner'];
  if (expected !== undefined && expected !== bucket.accountId && expected !== bucket.owner.id)
    throw new S3Error('AccessDenied');
}

/** What failed, as a refusal: nothing of an error of ours reaches a client. */
function refusalOf(error: unknown, server: Server, request: HttpRequest, requestId: string): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof HttpError) return fromHttp(error);
  if (error instanceof RecordError) return refusalOfRecord(error, request, server, requestId);
  if (error instanceof CorruptionError) server.emit({ kind: 'corruption', what: request.path, error });
  else server.emit({ kind: 'failed', requestId, request, error });
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new S3Error('XMinioStorageFull');
  return new S3Error('InternalError');
}

function fromHttp(error: HttpError): S3Error {
  switch (error.status) {
    case 413:
      return new S3Error('EntityTooLarge');
    case 408:
      return new S3Error('RequestTimeout');
    case 503:
      return new S3Error('SlowDown', { headers: error.headers });
    default:
      return new S3Error('BadRequest', error.message);
  }
}
