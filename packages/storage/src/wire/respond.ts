/** Answers, and what stands on all of them. Pure. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { S3Error } from '../errors/s3Error.ts';
import { document, element } from '../xml/write.ts';

export function xmlResponse(text: string, headers: readonly string[] = [], status = 200): HttpResponse {
  return { status, headers: ['Content-Type', 'application/xml', ...headers], body: text };
}

export function emptyResponse(status = 200, headers: readonly string[] = []): HttpResponse {
  return { status, headers, body: status === 204 ? null : '' };
}

export interface ErrorContext {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly path: string;
  readonly requestId: string;
}

/** The one renderer of refusals. HEAD has no body, so that its code is in a header. */
export function errorResponse(error: S3Error, context: ErrorContext): HttpResponse {
  const { method, bucket, key, path, requestId } = context;
  const { status, headers, code, message } = error;
  if (method === 'HEAD' || status === 304) {
    return {
      status,
      headers: [
        ...headers,
        'X-Minio-Error-Code',
        code,
        'X-Minio-Error-Desc',
        `"${message.replace(/[^\x20-\x7e]/g, '')}"`,
      ],
      body: null,
    };
  }
  const elements: Record<string, string> = {
    ...(key !== '' && { Key: key }),
    ...(bucket !== '' && { BucketName: bucket }),
    ...error.elements,
    Resource: path,
    RequestId: requestId,
    HostId: hostId,
  };
  const body = document(
    'Error',
    [
      element('Code', code),
      element('Message', message),
      ...Object.entries(elements).map(([name, value]) => element(name, value)),
    ],
    '',
  );
  return xmlResponse(body, headers, status);
}

/** The admin API's words for the same, which are JSON. */
export function adminErrorResponse(
  { status, headers, code, message }: S3Error,
  path: string,
  requestId: string,
): HttpResponse {
  const body = { Code: code, Message: message, Resource: path, RequestId: requestId, HostId: hostId };
  return { status, headers: ['Content-Type', 'application/json', ...headers], body: JSON.stringify(body) };
}

export const hostId = 'dd9025bab4ad464b049177c95eb6ebf374d3b3fd1af9251148b658df7ac2e3e8';

/** The headers of every answer. */
export function commonHeaders(requestId: string): string[] {
  return [
    'Server',
    'MinIO',
    'X-Amz-Request-Id',
    requestId,
    'X-Amz-Id-2',
    hostId,
    'Vary',
    'Origin',
    'X-Content-Type-Options',
    'nosniff',
  ];
}
