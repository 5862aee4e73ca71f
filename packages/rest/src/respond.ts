/**
 * From results to responses: status, headers and body of every kind of request. Pure.
 * @see https://docs.postgrest.org/en/stable/references/api.html
 */
import { createHash } from 'node:crypto';
import { type Catalog, key, type Routine } from '@peakstone/kernel/catalog';
import type { HttpResponse } from '@peakstone/kernel/http';
import { requestErrors, schemaCacheErrors } from './errors.ts';
import { type MediaType, renderContentType } from './parse/media.ts';
import { countsExactly, type Preferences, renderPreferenceApplied } from './parse/prefer.ts';
import { encodeText } from './parse/query.ts';
import type { Mutation, Resource } from './parse/target.ts';
import type { Range } from './parse/types.ts';
import type { ResultRow } from './respond/result.ts';

/** What all responses to one request share. */
export interface ResponseContext {
  readonly method: string;
  readonly schema: string;
  readonly negotiatedByProfile: boolean;
  readonly preferences: Preferences;
  readonly mediaType: MediaType;
}

/** `Content-Range: 0-9/100`, where `*` stands for what is not known or empty. */
function contentRange(lower: number, upper: number, total: number | null): string {
  const range = total !== 0 && lower <= upper ? `${lower}-${upper}` : '*';
  return `${range}/${total ?? '*'}`;
}

function rangeStatus(lower: number, upper: number, total: number | null): 200 | 206 | 416 {
  if (total === null) return 200;
  if (lower > total) return 416;
  return 1 + upper - lower < total ? 206 : 200;
}

/** Header values are bytes; names in them are UTF-8. */
function headerValue(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

function contentTypeHeaders({ mediaType, schema, negotiatedByProfile }: ResponseContext): string[] {
  const headers = ['Content-Type', renderContentType(mediaType)];
  if (negotiatedByProfile) headers.push('Content-Profile', headerValue(schema));
  return headers;
}

function appliedHeader(preferences: Omit<Preferences, 'invalid'>): string[] {
  const applied = renderPreferenceApplied(preferences);
  return applied === null ? [] : ['Preference-Applied', headerValue(applied)];
}

/** Preferences that apply to every kind of request. */
function common({ count, tx, handling, timezone }: Preferences): Omit<Preferences, 'invalid'> {
  return {
    ...(count === undefined ? {} : { count }),
    ...(tx === undefined ? {} : { tx }),
    ...(handling === undefined ? {} : { handling }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}

function withMaxAffected({ maxAffected }: Preferences): { maxAffected?: number } {
  return maxAffected === undefined ? {} : { maxAffected };
}

/** @throws {RestError} PGRST103 when the range starts past the last row, PGRST111 and PGRST112 for unreadable settings. */
export function respondRead(
  result: ResultRow,
  context: ResponseContext & {
    readonly range: Range;
    readonly location: string;
    readonly headersOnly: boolean;
  },
): HttpResponse {
  const { range, preferences } = context;
  const lower = range.lower;
  const upper = lower + result.rows - 1;
  const headers = ['Content-Range', contentRange(lower, upper, result.total)];
  headers.push('Content-Location', headerValue(context.location), ...contentTypeHeaders(context));
  headers.push(...appliedHeader(common(preferences)));
  const status = rangeStatus(lower, upper, result.total);
  if (status === 416) throw requestErrors.outOfBounds(lower, result.total ?? 0, headers.slice(0, 2));
  return override(result, status, headers, context.headersOnly ? null : result.body);
}

/** The head of a response whose rows follow as they come: how many there will be is not known. */
export function respondStream(
  settings: Pick<ResultRow, 'headers' | 'status'>,
  context: ResponseContext & { readonly location: string },
  body: AsyncIterable<Uint8Array>,
): HttpResponse {
  const headers = ['Content-Location', headerValue(context.location), ...contentTypeHeaders(context)];
  headers.push(...appliedHeader({ ...common(context.preferences), stream: true }));
  return override(settings, 200, headers, body);
}

export function respondCall(
  result: ResultRow,
  routine: Routine,
  context: ResponseContext & { readonly range: Range },
): HttpResponse {
  const { range, preferences } = context;
  const lower = range.lower;
  const upper = lower + result.rows - 1;
  const headers = ['Content-Range', contentRange(lower, upper, result.total)];
  headers.push(...appliedHeader({ ...common(preferences), ...withMaxAffected(preferences) }));
  const isVoid = routine.returns.kind === 'void' && !routine.returns.setof;
  if (isVoid) return override(result, 204, headers, null);
  const status = rangeStatus(lower, upper, result.total);
  if (status === 416) throw requestErrors.outOfBounds(lower, result.total ?? 0, headers.slice(0, 2));
  headers.push(...contentTypeHeaders(context));
  return override(result, status, headers, context.method === 'HEAD' ? null : result.body);
}

export interface MutateContext extends ResponseContext {
  readonly mutation: Mutation;
  readonly table: string;
  /** Whether `resolution=` had columns to apply to. */
  readonly hasConflictTarget: boolean;
}

export function respondMutate(result: ResultRow, context: MutateContext): HttpResponse {
  const { preferences, mutation } = context;
  const returnsRows = preferences.return === 'representation';
  const total = countsExactly(preferences) ? result.rows : null;
  const headers: string[] = [];
  let status: number;
  switch (mutation) {
    case 'insert':
      status = insertStatus(result, preferences);
      if (result.location && result.location.length > 0) {
        headers.push('Location', headerValue(`/${context.table}?${locationQuery(result.location)}`));
      }
      headers.push('Content-Range', contentRange(1, 0, total));
      break;
    case 'update':
      status = returnsRows ? 200 : 204;
      headers.push('Content-Range', contentRange(0, result.rows - 1, total));
      break;
    case 'upsert':
      status = returnsRows ? ((result.inserted ?? 0) > 0 ? 201 : 200) : 204;
      break;
    case 'delete':
      status = returnsRows ? 200 : 204;
      headers.push('Content-Range', contentRange(1, 0, total));
      break;
  }
  headers.push(...appliedHeader(mutatePreferences(context)));
  if (returnsRows) headers.push(...contentTypeHeaders(context));
  const body = returnsRows ? result.body : mutation === 'insert' ? '' : null;
  return override(result, status, headers, body);
}

function insertStatus({ inserted }: ResultRow, { resolution }: Preferences): 200 | 201 {
  if (resolution !== 'merge-duplicates') return 201;
  return inserted !== null && inserted > 0 ? 201 : 200;
}

function locationQuery(pairs: readonly (readonly [string, string | null])[]): string {
  return pairs
    .map(([name, value]) => `${encodeText(name)}=${value === null ? 'is.null' : encodeText(`eq.${value}`)}`)
    .join('&');
}

function mutatePreferences({
  mutation,
  preferences,
  hasConflictTarget,
}: MutateContext): Omit<Preferences, 'invalid'> {
  const { resolution, missing, return: returned } = preferences;
  return {
    ...common(preferences),
    ...(returned === undefined ? {} : { return: returned }),
    ...(resolution && mutation === 'insert' && hasConflictTarget ? { resolution } : {}),
    ...(missing && (mutation === 'insert' || mutation === 'update') ? { missing } : {}),
    ...(mutation === 'update' || mutation === 'delete' ? withMaxAffected(preferences) : {}),
    ...(preferences.nested && mutation === 'insert' ? { nested: true } : {}),
  };
}

/** The execution plan instead of the result. */
export function respondPlan(plan: Buffer, context: ResponseContext): HttpResponse {
  return { status: 200, headers: contentTypeHeaders(context), body: context.method === 'HEAD' ? null : plan };
}

/** OPTIONS: the methods that the resource takes. @throws {RestError} PGRST205 */
export function respondInfo(
  resource: Resource,
  schema: string,
  catalog: Catalog,
  routine: Routine | null,
): HttpResponse {
  let allow = 'OPTIONS,GET,HEAD';
  if (resource.kind === 'routine') {
    allow = routine?.volatility === 'volatile' ? 'OPTIONS,POST' : 'OPTIONS,GET,HEAD,POST';
  } else if (resource.kind === 'relation') {
    const table = catalog.tables.get(key(schema, resource.name));
    if (!table || table.isPartition) throw schemaCacheErrors.tableNotFound(schema, resource.name, catalog);
    if (table.insertable) allow += ',POST';
    if (table.insertable && table.updatable && table.primaryKey.length > 0) allow += ',PUT';
    if (table.updatable) allow += ',PATCH';
    if (table.deletable) allow += ',DELETE';
  }
  return { status: 200, headers: ['Access-Control-Allow-Origin', '*', 'Allow', allow], body: '' };
}

/** Applies the status and headers that the database set for this response. A header set there replaces ours. */
function override(
  result: Pick<ResultRow, 'headers' | 'status'>,
  status: number,
  headers: readonly string[],
  body: HttpResponse['body'],
): HttpResponse {
  const own = result.headers === null ? null : readGucHeaders(result.headers);
  const finalStatus = result.status === null ? status : readGucStatus(result.status);
  if (own === null) return { status: finalStatus, headers, body };
  const replaced = new Set<string>();
  for (let i = 0; i < own.length; i += 2) replaced.add((own[i] ?? '').toLowerCase());
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!replaced.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return { status: finalStatus, headers: [...kept, ...own], body };
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/** `[{"Set-Cookie": "a=b"}]` as flat headers. @throws {RestError} PGRST111 */
function readGucHeaders(text: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The function that set it wrote no JSON: the same error as for JSON of another shape.
    throw requestErrors.gucHeaders();
  }
  if (!Array.isArray(parsed)) throw requestErrors.gucHeaders();
  return parsed.flatMap((item: unknown) => {
    const entries =
      typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item) : [];
    const [entry] = entries;
    if (!entry || entries.length !== 1) throw requestErrors.gucHeaders();
    const [name, value] = entry;
    if (typeof value !== 'string' || !HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw requestErrors.gucHeaders();
    }
    return [name, headerValue(value)];
  });
}

/** @throws {RestError} PGRST112 */
function readGucStatus(text: string): number {
  const status = Number.parseInt(text, 10);
  if (!/^\d/.test(text) || status < 200 || status > 599) throw requestErrors.gucStatus();
  return status;
}

/** Adds Vary, unless the database set its own. */
export function withVary(response: HttpResponse): HttpResponse {
  for (let i = 0; i < response.headers.length; i += 2) {
    if (response.headers[i]?.toLowerCase() === 'vary') return response;
  }
  return { ...response, headers: [...response.headers, 'Vary', 'Accept, Prefer, Range'] };
}

/** An ETag over the body of a read, and 304 when the client has it already. */
export function withETag(response: HttpResponse, ifNoneMatch: string | undefined): HttpResponse {
  if (response.status !== 200 && response.status !== 206) return response;
  if (!(response.body instanceof Uint8Array)) return response;
  const tag = `"${createHash('sha1').update(response.body).digest('base64url')}"`;
  const headers = [...response.headers, 'ETag', tag];
  const known = ifNoneMatch?.split(',').map(each => each.trim().replace(/^W\//, '')) ?? [];
  if (!known.includes(tag) && !known.includes('*')) return { ...response, headers };
  return { status: 304, headers, body: null };
}
