/**
 * From results to responses: status, headers and body of every kind of request. Pure.
 * @see https://docs.postgrest.org/en/stable/references/api.html
 */
import { type Catalog, key, type Routine } from '@peakstone/kernel/catalog';
import { encodeHeader, type HttpResponse, responseHeader, withHeaders } from '@peakstone/kernel/http';
import type { RestConfig } from './config/types.ts';
import { renderErrorBody, requestErrors, schemaCacheErrors } from './errors.ts';
import { type MediaType, renderContentType } from './parse/media.ts';
import { countsExactly, type Preferences, renderPreferenceApplied } from './parse/prefer.ts';
import { encodeText } from './parse/query.ts';
import type { Mutation, Resource } from './parse/target.ts';
import type { Range } from './parse/types.ts';
import { applyGucs } from './respond/gucs.ts';
import type { ResultRow } from './respond/result.ts';

/** What all responses to one request share. */
export interface ResponseContext {
  readonly method: string;
  readonly schema: string;
  readonly negotiatedByProfile: boolean;
  readonly preferences: Preferences;
  readonly mediaType: MediaType;
  /** Setting `client-error-verbosity`. */
  readonly verbosity: RestConfig['clientErrorVerbosity'];
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

function contentTypeHeaders({ mediaType, schema, negotiatedByProfile }: ResponseContext): string[] {
  const headers = ['Content-Type', encodeHeader(renderContentType(mediaType))];
  if (negotiatedByProfile) headers.push('Content-Profile', encodeHeader(schema));
  return headers;
}

function locationHeader({ location }: { readonly location: string | null }): string[] {
  return location === null ? [] : ['Content-Location', encodeHeader(location)];
}

function appliedHeader(preferences: Omit<Preferences, 'invalid'>): string[] {
  const applied = renderPreferenceApplied(preferences);
  return applied === null ? [] : ['Preference-Applied', encodeHeader(applied)];
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

/** @throws {RestError} PGRST111 and PGRST112 for unreadable settings. */
export function respondRead(
  result: ResultRow,
  context: ResponseContext & {
    readonly range: Range;
    /** Null leaves Content-Location out. */
    readonly location: string | null;
    readonly headersOnly: boolean;
  },
): HttpResponse {
  const { range, preferences } = context;
  const lower = range.lower;
  const upper = lower + result.rows - 1;
  const headers = ['Content-Range', contentRange(lower, upper, result.total)];
  headers.push(...locationHeader(context), ...contentTypeHeaders(context));
  headers.push(...appliedHeader(common(preferences)));
  const status = rangeStatus(lower, upper, result.total);
  const body = status === 416 ? outOfBounds(lower, result, context) : result.body;
  return applyGucs(result, { status, headers, body: context.headersOnly ? null : body });
}

/** A range past the last row is an answer like any other, save for its status and body: what was done is kept. */
function outOfBounds(lower: number, { total }: ResultRow, { verbosity }: ResponseContext): string {
  return renderErrorBody(requestErrors.outOfBounds(lower, total ?? 0), verbosity);
}

/** The head of a response whose rows follow as they come: how many there will be is not known. */
export function respondStream(
  settings: Pick<ResultRow, 'headers' | 'status'>,
  context: ResponseContext & { readonly location: string | null },
  body: AsyncIterable<Uint8Array>,
): HttpResponse {
  const headers = [...locationHeader(context), ...contentTypeHeaders(context)];
  headers.push(...appliedHeader({ ...common(context.preferences), stream: true }));
  return applyGucs(settings, { status: 200, headers, body });
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
  if (isVoid) return applyGucs(result, { status: 204, headers, body: null });
  const status = rangeStatus(lower, upper, result.total);
  const body = status === 416 ? outOfBounds(lower, result, context) : result.body;
  headers.push(...contentTypeHeaders(context));
  return applyGucs(result, { status, headers, body: context.method === 'HEAD' ? null : body });
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
        headers.push('Location', encodeHeader(`/${context.table}?${locationQuery(result.location)}`));
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
  return applyGucs(result, { status, headers, body });
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

/** Adds Vary, unless the database set its own. */
export function withVary(response: HttpResponse): HttpResponse {
  return responseHeader(response, 'vary') === undefined
    ? withHeaders(response, ['Vary', 'Accept, Prefer, Range'])
    : response;
}
