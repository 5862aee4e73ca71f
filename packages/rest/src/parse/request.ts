/** A request with every part read: target, query string, preferences, range, media types and body. Pure. */
import { allowsTxOverride, type RestConfig } from '../config/types.ts';
import { assertBreadth } from './breadth.ts';
import { jsonType, type MediaType, parseAccept, parseMediaType } from './media.ts';
import { withoutVersion } from './openApiVersion.ts';
import type { Hold } from './payload/jsonText.ts';
import { type Payload, parsePayload } from './payload.ts';
import { type Preferences, parsePrefer, withExtras } from './prefer.ts';
import { parseQuery } from './query.ts';
import { topLevelRange } from './range.ts';
import type { Action, RequestParts, Target } from './target.ts';
import type { QueryDialect, QueryParams, Range } from './types.ts';

/** A request whose every part has been read. */
export interface ApiRequest extends Target {
  readonly method: string;
  readonly query: QueryParams;
  readonly preferences: Preferences;
  readonly range: Range;
  readonly accepts: readonly MediaType[];
  readonly contentType: MediaType;
  /** Null until the body is read, and where none is taken. */
  readonly payload: Payload | null;
}

/** Whether the body says something: writes but DELETE, and calls by POST. */
export function takesBody({ action }: Target): boolean {
  return (
    (action.kind === 'mutate' && action.mutation !== 'delete') ||
    (action.kind === 'call' && action.method === 'POST')
  );
}

/**
 * Reads everything but the target and the body.
 * @throws {RestError} PGRST100, PGRST103, PGRST114, PEAK132, PEAK131
 */
export function parseRequest(parts: RequestParts, target: Target, config: RestConfig): ApiRequest {
  const { method, headers } = parts;
  const { action } = target;
  const isSafeCall = action.kind === 'call' && action.method !== 'POST';
  const query = parseQuery(
    action.kind === 'inspect' ? withoutVersion(parts.query) : parts.query,
    isSafeCall,
    dialectFor(action, config),
  );
  assertBreadth(query, config.beyond);
  const range = topLevelRange(method, headers.range, query.ranges.get(''));
  const contentType =
    headers['content-type'] === undefined ? jsonType : parseMediaType(headers['content-type']);
  const preferences = withExtras(parsePrefer(headers.prefer, allowsTxOverride(config)), config.beyond);
  return {
    ...target,
    method,
    query,
    preferences,
    range,
    accepts: parseAccept(headers.accept),
    contentType,
    payload: null,
  };
}

/** The request with its body read; yields between pieces of work. @see parsePayload @throws {RestError} PGRST102 */
export function* withBody(request: ApiRequest, body: Buffer, hold: Hold): Generator<void, ApiRequest> {
  const { action, query, preferences, contentType } = request;
  // What is nested in the rows is told apart by the catalog.
  if (preferences.nested && action.kind === 'mutate' && action.mutation === 'insert') {
    return { ...request, payload: { kind: 'bytes', bytes: body, columns: [] } };
  }
  const columns = action.kind === 'mutate' && action.mutation === 'upsert' ? null : query.columns;
  const target = action.kind === 'call' ? 'routine' : 'relation';
  return { ...request, payload: yield* parsePayload(body, contentType, target, columns, hold) };
}

/** A cursor pages through a relation; elsewhere `after` is a name like any other. */
function dialectFor(action: Action, { beyond }: RestConfig): QueryDialect {
  return action.kind === 'read' || !beyond.keyset ? beyond : { ...beyond, keyset: false };
}
