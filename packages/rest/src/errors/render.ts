/** The one place where an error becomes bytes. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { encodeHeader, HttpError, isHeader } from '@peakstone/kernel/http';
import {
  ConnectionError,
  ConnectionLostError,
  LargeResultError,
  PgError,
  PoolTimeoutError,
} from '@peakstone/kernel/pg';
import { resultOutOfMemory, resultsTooMany, resultTooLarge } from './beyond.ts';
import { connectionLost, notConnected, poolTimeout } from './connection.ts';
import { readRaisedResponse } from './raise.ts';
import { RestError } from './restError.ts';
import { statusOfSqlState } from './sqlstate.ts';

export interface ErrorContext {
  /** False when the request ran, or would have run, as the anonymous role. */
  readonly authenticated: boolean;
  /** Setting `client-error-verbosity`: `minimal` leaves details and hint out. */
  readonly verbosity: 'verbose' | 'minimal';
  /** Sent as Retry-After with every 503: seconds until the next attempt to reach the database. */
  readonly retryAfterSeconds: number;
}

/**
 * Any thrown value as a `RestError`: PostgreSQL's refusals by SQLSTATE, a lost or unreachable database as PGRST001 or
 * PGRST000, an exhausted pool as PGRST003, anything else as PGRSTX00 without its text (it may hold secrets). Pure.
 */
export function toRestError(error: unknown, authenticated: boolean): RestError {
  if (error instanceof RestError) return error;
  if (error instanceof PgError) return fromPgError(error, authenticated);
  if (error instanceof PoolTimeoutError) return poolTimeout(error);
  if (error instanceof LargeResultError) {
    switch (error.reason) {
      case 'size':
        return resultTooLarge(error);
      case 'turn':
        return resultsTooMany(error);
      case 'memory':
        return resultOutOfMemory(error);
    }
  }
  if (error instanceof ConnectionError) {
    const details = withoutPaths(error.message);
    return error instanceof ConnectionLostError
      ? connectionLost(details, error)
      : notConnected(details, error);
  }
  if (error instanceof HttpError) {
    const { status, hint, headers } = error;
    return new RestError('PGRST102', error.message, { status, hint, headers, cause: error });
  }
  return new RestError('PGRSTX00', 'Internal error', { cause: error });
}

/** The reason of a failed connection, without telling visitors where on this machine files lie; the log has all of it. */
function withoutPaths(message: string): string {
  // The path of a socket may hold spaces, but ends in its known name; other files are named after "open", as Node says it.
  return message
    .replace(/\/(?:[^:"'\n]*\/)?\.s\.PGSQL\.\d+/g, 'a unix socket')
    .replace(/(^|[\s"'(:])\/[^\s"')]+/g, '$1a local file');
}

/** @returns the response to `error`, byte for byte the reference's. */
export function renderError(error: unknown, context: ErrorContext): HttpResponse {
  const refusal = toRestError(error, context.authenticated);
  const { status, statusText, headers } = refusal;
  return {
    status,
    headers: [...errorHeaders(refusal, context), ...sendable(headers)],
    body: renderErrorBody(refusal, context.verbosity),
    ...(statusText === undefined ? {} : { statusText: onOneLine(statusText) }),
  };
}

/** The body alone, for responses that carry an error beside their own headers. */
export function renderErrorBody(error: RestError, verbosity: ErrorContext['verbosity']): string {
  const { code, message, details, hint } = error;
  // The reference's encoder sorts keys; clients that compare bytes see this order.
  const index = error.index === null ? '' : `,"index":${error.index}`;
  return verbosity === 'verbose'
    ? `{"code":${encode(code)},"details":${encode(details)},"hint":${encode(hint)},"message":${encode(message)}${index}}`
    : `{"code":${encode(code)},"message":${encode(message)}${index}}`;
}

/** Headers that every error response starts with. */
function errorHeaders({ code, status, headers }: RestError, context: ErrorContext): string[] {
  // What is short of something else than the database says itself when to come back.
  const isOwn = headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'retry-after');
  return [
    ...(status === 503 && !isOwn ? ['Retry-After', String(context.retryAfterSeconds)] : []),
    'Content-Type',
    'application/json; charset=utf-8',
    'Proxy-Status',
    `PostgREST; error=${onOneLine(code)}`,
  ];
}

function fromPgError(error: PgError, authenticated: boolean): RestError {
  const { code, message, detail, hint } = error.fields;
  if (code === 'PGRST') return readRaisedResponse(message, detail);
  const status = statusOfSqlState(code, message, authenticated);
  return new RestError(code, message, {
    details: detail ?? null,
    hint: hint ?? null,
    status,
    headers: status === 401 ? ['WWW-Authenticate', 'Bearer'] : [],
    // RAISE sqlstate 'PTnnn' also sets the reason phrase
    ...(code.startsWith('PT') ? { statusText: message } : {}),
    cause: error,
  });
}

/** Drops raised headers that no HTTP message can carry. */
function sendable(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (isHeader(name, value)) kept.push(name, encodeHeader(value));
  }
  return kept;
}

/** A reason phrase or header token may not break the line it stands on. */
const onOneLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ');

/** JSON as the reference's encoder writes it: no short forms for backspace and form feed. Objects arrive with sorted keys. */
function encode(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return /\\[bf]/.test(text)
    ? text.replace(/\\[\\bf"]/g, pair => (pair === '\\b' ? '\\u0008' : pair === '\\f' ? '\\u000c' : pair))
    : text;
}
