/**
 * The pure middle of the engine: a request and the catalog in, statements and everything the response needs out.
 * parse → plan → SQL, without I/O.
 */
import { type Catalog, key, type QualifiedName, type Routine, type Table } from '@peakstone/kernel/catalog';
import type { Sql } from '@peakstone/kernel/pg';
import { compileNested } from './beyond/nested.ts';
import { type StreamFormat, streamFormat } from './beyond/streamFormat.ts';
import type { RestConfig } from './config/types.ts';
import { allowsTxOverride } from './config/types.ts';
import { requestErrors, schemaCacheErrors } from './errors.ts';
import { withoutVersion } from './openapi/index.ts';
import { jsonType, type MediaType, parseAccept, parseMediaType, renderMime } from './parse/media.ts';
import { type ParsedPayload, parsePayload } from './parse/payload.ts';
import {
  assertPreferences,
  countsByPlan,
  type Preferences,
  parsePrefer,
  withExtras,
} from './parse/prefer.ts';
import { parseQuery } from './parse/query.ts';
import { topLevelRange } from './parse/range.ts';
import { type Action, parseTarget, type Target } from './parse/target.ts';
import type { QueryDialect, QueryParams, Range } from './parse/types.ts';
import { directArguments, findRoutine, planCall, resultName } from './plan/call.ts';
import { type KeysetPlan, planKeyset } from './plan/keyset.ts';
import { planMutate } from './plan/mutate.ts';
import { negotiate } from './plan/negotiate.ts';
import { hasDefaultSelect, planRead } from './plan/read.ts';
import type { CallArguments, ReadPlan, ResolvedHandler } from './plan/types.ts';
import {
  callStatement,
  keysetStatement,
  planCountStatement,
  readStatement,
  type StatementOptions,
  streamStatement,
  writeStatement,
} from './sql/statement.ts';

/** The parts of an HTTP request that decide what it means. */
export interface RequestParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A request whose every part has been read. */
export interface ApiRequest extends Target {
  readonly method: string;
  readonly query: QueryParams;
  readonly preferences: Preferences;
  readonly range: Range;
  readonly accepts: readonly MediaType[];
  readonly contentType: MediaType;
  readonly payload: ParsedPayload | null;
}

/** Whether the body says something: writes but DELETE, and calls by POST. */
export function takesBody({ action }: Target): boolean {
  return (
    (action.kind === 'mutate' && action.mutation !== 'delete') ||
    (action.kind === 'call' && action.method === 'POST')
  );
}

export function readTarget(parts: RequestParts, config: RestConfig): Target {
  return parseTarget(parts.method, parts.path, parts.headers, config);
}

/**
 * Reads everything but the target. `body` is null where none is taken.
 * @throws {RestError} PGRST100, PGRST102, PGRST103, PGRST114
 */
export function parseRequest(
  parts: RequestParts,
  target: Target,
  body: Buffer | null,
  config: RestConfig,
): ApiRequest {
  const { method, headers } = parts;
  const { action } = target;
  const isSafeCall = action.kind === 'call' && action.method !== 'POST';
  const query = parseQuery(
    action.kind === 'inspect' ? withoutVersion(parts.query) : parts.query,
    isSafeCall,
    dialectFor(action, config),
  );
  const range = topLevelRange(method, headers.range, query.ranges.get(''));
  const contentType =
    headers['content-type'] === undefined ? jsonType : parseMediaType(headers['content-type']);
  const preferences = withExtras(parsePrefer(headers.prefer, allowsTxOverride(config)), config.beyond);
  const isNested = preferences.nested === true && action.kind === 'mutate' && action.mutation === 'insert';
  const columns = action.kind === 'mutate' && action.mutation === 'upsert' ? null : query.columns;
  return {
    ...target,
    method,
    query,
    preferences,
    range,
    accepts: parseAccept(headers.accept),
    contentType,
    payload: isNested
      ? { payload: { kind: 'unchecked', raw: body ?? Buffer.alloc(0) }, columns: [] }
      : body && parsePayload(body, contentType, action.kind === 'call' ? 'routine' : 'relation', columns),
  };
}

/** A cursor pages through a relation; elsewhere `after` is a name like any other. */
function dialectFor(action: Action, { beyond }: RestConfig): QueryDialect {
  return action.kind === 'read' || !beyond.keyset ? beyond : { ...beyond, keyset: false };
}

/** What the exchange runs, and what the response is made from. */
export type Compiled =
  | {
      readonly kind: 'read';
      readonly statements: readonly Sql[];
      readonly table: Table;
      readonly mediaType: MediaType;
      readonly plan: ReadPlan;
      /** Set when the response names the place of its last row. */
      readonly keyset?: KeysetPlan;
      /** Set when rows are sent as they come. */
      readonly stream?: StreamFormat;
    }
  | {
      readonly kind: 'mutate';
      /** Run before `statements`, for their effects alone. */
      readonly before?: readonly Sql[];
      readonly statements: readonly Sql[];
      readonly table: Table;
      readonly mediaType: MediaType;
      readonly plan: ReadPlan;
    }
  | {
      readonly kind: 'call';
      readonly statements: readonly Sql[];
      readonly routine: Routine;
      readonly writes: boolean;
      readonly mediaType: MediaType;
      readonly plan: ReadPlan;
    };

function findTable(catalog: Catalog, schema: string, name: string): Table {
  const table = catalog.tables.get(key(schema, name));
  // Partitions are reached through the table they are part of.
  if (!table || table.isPartition) throw schemaCacheErrors.tableNotFound(schema, name, catalog);
  return table;
}

function planRows(table: QualifiedName, request: ApiRequest, catalog: Catalog, config: RestConfig): ReadPlan {
  const { action } = request;
  return planRead(table, request.query, {
    catalog,
    schema: table.schema,
    exposedSchemas: config.dbSchemas,
    maxRows: action.kind === 'mutate' ? null : config.dbMaxRows,
    aggregatesEnabled: config.dbAggregatesEnabled,
    readsSource: action.kind !== 'read',
    placement: {
      filtersRoot: action.kind !== 'mutate',
      appliesRanges: action.kind !== 'mutate',
      range: request.range,
      allowsLegacyNames: config.urlUseLegacyTargetNames,
    },
  });
}

function handlerFor(
  identifier: QualifiedName,
  plan: ReadPlan,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
  needsNoBody: boolean,
): ResolvedHandler {
  return negotiate(catalog, {
    accepts: request.accepts,
    identifier,
    hasDefaultSelect: hasDefaultSelect(plan),
    planEnabled: config.dbPlanEnabled,
    needsNoBody,
  });
}

function statementOptions(
  { handler, mediaType }: ResolvedHandler,
  request: ApiRequest,
  config: RestConfig,
): StatementOptions {
  return {
    handler,
    mediaType,
    count: request.preferences.count,
    maxRows: config.dbMaxRows,
    range: request.range,
  };
}

/** @throws {RestError} PGRST107, PGRST122, PGRST205 and those of `planRead`. */
export function compileRead(
  action: Extract<Action, { kind: 'read' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): Extract<Compiled, { kind: 'read' }> {
  const table = findTable(catalog, request.schema, action.name);
  const plan = planRows({ schema: table.schema, name: table.name }, request, catalog, config);
  const resolved = handlerFor(table, plan, request, catalog, config, action.headersOnly);
  assertPreferences(request.preferences);
  const { after } = request.query;
  const { mediaType } = resolved;
  if (after !== null) {
    const paged = planKeyset(plan, table, after, resolved.handler);
    const page = keysetStatement(paged.plan, paged.keyset, statementOptions(resolved, request, config));
    const { keyset } = paged;
    return {
      kind: 'read',
      statements: [page, ...planned(resolved, request, plan)],
      table,
      mediaType,
      plan,
      keyset,
    };
  }
  const stream = streamFormat(request.preferences, resolved);
  if (stream) {
    return {
      kind: 'read',
      statements: [streamStatement(plan, resolved.handler)],
      table,
      mediaType,
      plan,
      stream,
    };
  }
  const statements = [readStatement(plan, statementOptions(resolved, request, config))];
  statements.push(...planned(resolved, request, plan));
  return { kind: 'read', statements, table, mediaType, plan };
}

function planned(
  { mediaType }: ResolvedHandler,
  { preferences }: ApiRequest,
  plan: ReadPlan,
): readonly Sql[] {
  return countsByPlan(preferences) && mediaType.kind !== 'plan' ? [planCountStatement(plan)] : [];
}

export function compileMutate(
  action: Extract<Action, { kind: 'mutate' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): Extract<Compiled, { kind: 'mutate' }> {
  const { preferences, payload } = request;
  const table = findTable(catalog, request.schema, action.name);
  const plan = planRows({ schema: table.schema, name: table.name }, request, catalog, config);
  const isBare = preferences.return !== 'representation';
  if (preferences.nested && action.mutation === 'insert') {
    const nestedResolved = handlerFor(table, plan, request, catalog, config, isBare);
    const { mediaType } = nestedResolved;
    const options = statementOptions(nestedResolved, request, config);
    const run = compileNested(table, plan, options, request, catalog, config.dbSchemas);
    return { kind: 'mutate', ...run, table, mediaType, plan };
  }
  const body = payload && payload.payload.kind !== 'form' ? payload.payload.raw : Buffer.alloc(0);
  const mutation = planMutate(
    table,
    { mutation: action.mutation, query: request.query, preferences, columns: payload?.columns ?? [], body },
    catalog,
    plan,
  );
  assertPreferences(preferences);
  const resolved = handlerFor(table, plan, request, catalog, config, isBare);
  const statement = writeStatement(mutation, plan, statementOptions(resolved, request, config), preferences);
  return { kind: 'mutate', statements: [statement], table, mediaType: resolved.mediaType, plan };
}

/** The function a request calls, found by its arguments' names. @throws {RestError} PGRST202, PGRST203 */
export function routineOf(name: string, isPost: boolean, request: ApiRequest, catalog: Catalog): Routine {
  return findRoutine(catalog, {
    schema: request.schema,
    name,
    argumentKeys: argumentKeys(isPost, request),
    contentType: request.contentType,
    isPost,
    isSingleObject: request.preferences.invalid.includes('params=single-object'),
  });
}

function argumentKeys(isPost: boolean, { payload, query }: ApiRequest): readonly string[] {
  if (isPost) return payload?.columns ?? [];
  return [...new Set(query.params.map(([name]) => name))].sort();
}

function argumentsOf(isPost: boolean, routine: Routine, { payload, query }: ApiRequest): CallArguments {
  if (!isPost) return directArguments(routine, query.params);
  if (payload?.payload.kind === 'form') return directArguments(routine, payload.payload.params);
  return { kind: 'body', body: payload?.payload.raw ?? null };
}

export function compileCall(
  action: Extract<Action, { kind: 'call' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): Extract<Compiled, { kind: 'call' }> {
  const isPost = action.method === 'POST';
  const routine = routineOf(action.name, isPost, request, catalog);
  const identifier = resultName(routine);
  const plan = planRows(identifier, request, catalog, config);
  const call = planCall(routine, argumentKeys(isPost, request), argumentsOf(isPost, routine, request), plan);
  const resolved = handlerFor(identifier, plan, request, catalog, config, action.method === 'HEAD');
  const { preferences } = request;
  assertPreferences(preferences);
  if (preferences.maxAffected !== undefined && preferences.handling === 'strict' && !routine.returns.setof) {
    throw requestErrors.maxAffectedRpcViolation();
  }
  const statement = callStatement(call, plan, statementOptions(resolved, request, config));
  const writes = isPost && routine.volatility === 'volatile';
  return { kind: 'call', statements: [statement], routine, writes, mediaType: resolved.mediaType, plan };
}

const INSPECTED: ReadonlySet<MediaType['kind']> = new Set(['openapi', 'json', 'any']);

/** @throws {RestError} PGRST107 when the root is wanted as something else than a document. */
export function assertInspectable({ accepts }: ApiRequest): void {
  if (!accepts.some(type => INSPECTED.has(type.kind))) {
    throw requestErrors.unacceptableMediaType(accepts.map(renderMime));
  }
}

/** Compiles whatever takes a statement. */
export function compileAction(
  action: Extract<Action, { kind: 'read' | 'mutate' | 'call' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): Compiled {
  switch (action.kind) {
    case 'read':
      return compileRead(action, request, catalog, config);
    case 'mutate':
      return compileMutate(action, request, catalog, config);
    case 'call':
      return compileCall(action, request, catalog, config);
  }
}
