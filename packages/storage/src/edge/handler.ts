/** From an HTTP request to its answer: health, target, operation, caller, permission, work; and errors, rendered here. */
import { randomBytes } from 'node:crypto';
import {
  type Handler,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  withHeaders,
} from '@peakstone/kernel/http';
import { assertMay } from '../access/check.ts';
import { authenticate } from '../auth/authenticate.ts';
import { S3Error } from '../errors/s3Error.ts';
import type { Operation } from '../operation.ts';
import { findOperation } from '../operations/index.ts';
import { Payload } from '../payload/payload.ts';
import type { S3Request } from '../request.ts';
import type { Server } from '../server.ts';
import { CorruptionError, type CorsRule } from '../store/rows.ts';
import { parseQuery } from '../wire/query.ts';
import { commonHeaders, errorResponse } from '../wire/respond.ts';
import { readTarget, type Target } from '../wire/target.ts';
import { answerPreflight, corsHeaders } from './cors.ts';
import { answerHealth } from './health.ts';

export function createHandler(server: Server): Handler {
  return async http => {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    const answer = answerHealth(http, server) ?? (await answerS3(server, http, requestId));
    return withHeaders(answer, commonHeaders(requestId));
  };
}

async function answerS3(server: Server, http: HttpRequest, requestId: string): Promise<HttpResponse> {
  let target: Target = { bucket: '', key: '' };
  try {
    target = readTarget(http.path, http.headers.host, server.config.domains);
    if (http.method === 'OPTIONS')
      return answerPreflight(http, rulesOf(server, target), server.config.corsOrigins);
    const query = parseQuery(http.query);
    const now = Date.now();
    const isVirtual = server.config.domains.length > 0 && !http.path.startsWith(`/${target.bucket}`);
    const { identity, payload, signedBy } = authenticate(http, query, {
      find: accessKey => server.iam.find(accessKey),
      now,
      region: server.config.region,
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
      payload: fallback => new Payload(http, payload, fallback),
    };
    const operation = findOperation(request);
    permit(server, operation, request);
    return withCors(await operation.run(server, request), server, http, target);
  } catch (error) {
    const context = { ...target, method: http.method, path: http.path, requestId };
    return withCors(errorResponse(refusalOf(error, server, http, requestId), context), server, http, target);
  }
}

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
  if (action === undefined) return;
  const wanted = typeof action === 'string' ? action : action(request);
  if (level === 'service' || makesBucket) {
    assertMay(request, { action: wanted });
    return;
  }
  const bucket = server.store.buckets.find(request.bucket);
  // Who knows nobody's keys learns no bucket's name.
  if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: request.bucket } });
  const existing =
    acl?.of === 'object' || looksAt
      ? server.store.objects.find(bucket, request.key, request.query.get('versionId'))
      : undefined;
  assertMay(request, { action: wanted, bucket, key: request.key, acl, existing });
}

/** What failed, as a refusal: nothing of an error of ours reaches a client. */
function refusalOf(error: unknown, server: Server, request: HttpRequest, requestId: string): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof HttpError) return fromHttp(error);
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
