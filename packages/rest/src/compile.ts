/**
 * The pure middle of the engine: a request that has been read and the catalog in, statements and everything the response
 * needs out. Plan, then SQL, without I/O.
 */
import { type Catalog, key, type QualifiedName, type Routine, type Table } from '@peakstone/kernel/catalog';
import type { Sql } from '@peakstone/kernel/pg';
import { compileNested } from './compile/nested.ts';
import type { RestConfig } from './config/types.ts';
import { beyondErrors, requestErrors, schemaCacheErrors } from './errors.ts';
import type { MediaType } from './parse/media.ts';
import type { Hold } from './parse/payload/jsonText.ts';
import { assertPreferences, countsByPlan } from './parse/prefer.ts';
import type { ApiRequest } from './parse/request.ts';
import type { Action } from './parse/target.ts';
import { directArguments, findRoutine, planCall, resultName } from './plan/call.ts';
import { hasNoLists, readsFew } from './plan/few.ts';
import { type KeysetPlan, planKeyset } from './plan/keyset.ts';
import { planMutate } from './plan/mutate.ts';
import { negotiate } from './plan/negotiate.ts';
import { hasDefaultSelect, planRead } from './plan/read.ts';
import { type StreamFormat, streamFormat } from './plan/streamFormat.ts';
import type { CallArguments, MutatePlan, ReadPlan, ResolvedHandler } from './plan/types.ts';
import { isJsonObject } from './sql/payload.ts';
import {
  callStatement,
  keysetStatement,
  planCountStatement,
  readStatement,
  type StatementOptions,
  streamStatement,
  writeStatement,
} from './sql/statement.ts';

/** What the exchange runs, and what the response is made from. */
export type Compiled = CompiledRead | CompiledMutate | CompiledCall;

interface CompiledBase {
  readonly statements: readonly Sql[];
  readonly mediaType: MediaType;
  readonly plan: ReadPlan;
}

export interface CompiledRead extends CompiledBase {
  readonly kind: 'read';
  readonly table: Table;
  /** Set when the response names the place of its last row. */
  readonly keyset?: KeysetPlan;
  /** Set when rows are sent as they come. */
  readonly stream?: StreamFormat;
}

export interface CompiledMutate extends CompiledBase {
  readonly kind: 'mutate';
  /** Run before `statements`, for their effects alone. */
  readonly before?: readonly Sql[];
  readonly table: Table;
}

export interface CompiledCall extends CompiledBase {
  readonly kind: 'call';
  readonly routine: Routine;
  readonly writes: boolean;
}

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
  isFew = false,
): StatementOptions {
  return {
    handler,
    mediaType,
    count: request.preferences.count,
    maxRows: config.dbMaxRows,
    range: request.range,
    maxResultBytes: config.beyond.maxResultBytes,
    isFew,
  };
}

/** @throws {RestError} PGRST107, PGRST122, PGRST205 and those of `planRead`. */
export function compileRead(
  action: Extract<Action, { kind: 'read' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): CompiledRead {
  const table = findTable(catalog, request.schema, action.name);
  const plan = planRows({ schema: table.schema, name: table.name }, request, catalog, config);
  const resolved = handlerFor(table, plan, request, catalog, config, action.headersOnly);
  assertPreferences(request.preferences);
  const { mediaType } = resolved;
  const compiled = { kind: 'read', table, mediaType, plan } as const;
  const { after } = request.query;
  if (after !== null) {
    const paged = planKeyset(plan, table, after, resolved.handler);
    const page = keysetStatement(paged.plan, paged.keyset, statementOptions(resolved, request, config));
    const statements = [page, ...planCount(resolved, request, plan)];
    return { ...compiled, statements, keyset: paged.keyset };
  }
  const stream = streamFormat(request.preferences, resolved);
  const options = statementOptions(resolved, request, config, readsFew(plan.root, table));
  if (stream) return { ...compiled, statements: [streamStatement(plan, options)], stream };
  const page = readStatement(plan, options);
  return { ...compiled, statements: [page, ...planCount(resolved, request, plan)] };
}

/** Asks the planner for the total, where the preference `count` wants its guess. */
function planCount(
  { mediaType }: ResolvedHandler,
  { preferences }: ApiRequest,
  plan: ReadPlan,
): readonly Sql[] {
  return countsByPlan(preferences) && mediaType.kind !== 'plan' ? [planCountStatement(plan)] : [];
}

function* compileMutate(
  action: Extract<Action, { kind: 'mutate' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
  hold: Hold,
): Generator<void, CompiledMutate> {
  const { preferences, payload } = request;
  const table = findTable(catalog, request.schema, action.name);
  const plan = planRows({ schema: table.schema, name: table.name }, request, catalog, config);
  const isBare = preferences.return !== 'representation';
  if (preferences.nested && action.mutation === 'insert') {
    const nestedResolved = handlerFor(table, plan, request, catalog, config, isBare);
    const { mediaType } = nestedResolved;
    const options = statementOptions(nestedResolved, request, config);
    const run = yield* compileNested(table, plan, options, request, catalog, config.dbSchemas, hold);
    return { kind: 'mutate', ...run, table, mediaType, plan };
  }
  const body = payload?.kind === 'bytes' ? payload.bytes : Buffer.alloc(0);
  const keys = payload?.kind === 'bytes' ? payload.keys : undefined;
  const mutation = planMutate(
    table,
    {
      mutation: action.mutation,
      query: request.query,
      preferences,
      columns: payload?.columns ?? [],
      keys,
      body,
    },
    catalog,
    plan,
  );
  if (config.beyond.safeUpdate) refuseUnfiltered(mutation, table);
  assertPreferences(preferences);
  const resolved = handlerFor(table, plan, request, catalog, config, isBare);
  const isFew = mutation.kind === 'insert' && isJsonObject(body) && hasNoLists(plan.root);
  const options = statementOptions(resolved, request, config, isFew);
  const statement = writeStatement(mutation, plan, options, preferences);
  return { kind: 'mutate', statements: [statement], table, mediaType: resolved.mediaType, plan };
}

/** Filters of embeds choose nothing of what is written. @throws {RestError} 21000 */
function refuseUnfiltered(mutation: MutatePlan, { primaryKey }: Table): void {
  if (mutation.kind === 'insert' || mutation.where.length > 0) return;
  throw beyondErrors.unfilteredWrite(mutation.kind === 'update' ? 'PATCH' : 'DELETE', primaryKey[0] ?? null);
}

/** The function a request calls, found by its arguments' names. @throws {RestError} PGRST202, PGRST203 */
function routineOf(name: string, isPost: boolean, request: ApiRequest, catalog: Catalog): Routine {
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
  if (payload?.kind === 'form') return directArguments(routine, payload.params);
  return { kind: 'body', body: payload?.bytes ?? null, ...(payload?.keys ? { keys: payload.keys } : {}) };
}

export function compileCall(
  action: Extract<Action, { kind: 'call' }>,
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
): CompiledCall {
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

/**
 * Compiles whatever takes a statement: reads, writes and calls. `hold` is told of memory that is taken for a body that is read
 * only here, which is done in pieces: all else comes without a yield.
 */
export function* compileAction(
  request: ApiRequest,
  catalog: Catalog,
  config: RestConfig,
  hold: Hold,
): Generator<void, Compiled> {
  const { action } = request;
  switch (action.kind) {
    case 'read':
      return compileRead(action, request, catalog, config);
    case 'mutate':
      return yield* compileMutate(action, request, catalog, config, hold);
    case 'call':
      return compileCall(action, request, catalog, config);
    case 'inspect':
    case 'info':
      throw new Error('What is answered from the catalog alone takes no statement');
  }
}
