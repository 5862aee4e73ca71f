/**
 * The engine: request → parse → plan → SQL → exchange → respond.
 * What it throws is rendered by the edge around it.
 */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Result, Statement } from '@peakstone/kernel/pg';
import {
  type ApiRequest,
  assertInspectable,
  type Compiled,
  compileCall,
  compileMutate,
  compileRead,
  parseRequest,
  readTarget,
  routineOf,
  takesBody,
} from './compile.ts';
import type { RestCall, RestContext, RestEngine } from './context.ts';
import { createEdge } from './edge.ts';
import { requestErrors } from './errors.ts';
import { createLanes, type Lanes } from './lane.ts';
import { openApiStatements, readVisible, renderOpenApi, requestedVersion } from './openapi/index.ts';
import { type MediaType, renderContentType } from './parse/media.ts';
import type { Action } from './parse/target.ts';
import {
  type ResponseContext,
  respondCall,
  respondInfo,
  respondMutate,
  respondPlan,
  respondRead,
  serverTiming,
  withETag,
  withVary,
} from './respond.ts';
import { type ResultRow, readPlannedRows, readPlanText, readResult } from './result.ts';
import { planTransaction, type Transaction } from './transaction.ts';
import { prettyVersion } from './version.ts';

export interface EngineOptions {
  /** ETag on reads, and 304 for If-None-Match. Default false, as the reference has none. */
  readonly etag?: boolean;
}

/** The whole handler: the engine inside its HTTP edge. `context` is read once a request. */
export function createRestHandler(context: () => RestContext, options: EngineOptions = {}) {
  return createEdge(context, createEngine(options));
}

/** Makes the engine. It keeps nothing but how long statements took. */
export function createEngine(options: EngineOptions = {}): RestEngine {
  const lanes = createLanes();
  return async call => {
    const { request, config, catalog } = call;
    const clock = createClock(call.jwtMs);
    const target = readTarget(request, config);
    const body = takesBody(target) ? await request.body() : null;
    clock.start();
    const api = parseRequest(request, target, body, config);
    clock.lap('parse');
    const { action } = api;
    switch (action.kind) {
      case 'read':
      case 'mutate':
      case 'call': {
        const compiled = compile(action, api, call);
        clock.lap('plan');
        const response = await runCompiled(compiled, api, call, lanes, clock);
        const tagged =
          options.etag && action.kind === 'read'
            ? withETag(response, request.headers['if-none-match'])
            : response;
        return finish(withLegacyWarning(tagged, compiled, api, call), clock);
      }
      case 'inspect':
        return finish(await inspect(action.headersOnly, api, call, clock), clock);
      case 'info': {
        const { resource } = action;
        const routine = resource.kind === 'routine' ? routineOf(resource.name, false, api, catalog) : null;
        clock.lap('plan');
        return finish(respondInfo(resource, api.schema, catalog, routine), clock);
      }
    }
  };
}

function compile(
  action: Extract<Action, { kind: 'read' | 'mutate' | 'call' }>,
  api: ApiRequest,
  { catalog, config }: RestCall,
): Compiled {
  switch (action.kind) {
    case 'read':
      return compileRead(action, api, catalog, config);
    case 'mutate':
      return compileMutate(action, api, catalog, config);
    case 'call':
      return compileCall(action, api, catalog, config);
  }
}

/** Runs the statements and makes the response from what they gave. */
async function runCompiled(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  lanes: Lanes,
  clock: Clock,
): Promise<HttpResponse> {
  const writes = compiled.kind === 'mutate' || (compiled.kind === 'call' && compiled.writes);
  const isPlan = compiled.mediaType.kind === 'plan';
  const check = isPlan ? null : checkFor(compiled, api);
  const text = compiled.statements[0]?.text ?? '';
  const transaction = planTransaction(
    {
      main: compiled.statements,
      writes,
      routine: compiled.kind === 'call' ? compiled.routine : null,
      check: check && (result => check(readResult(result))),
      isShort: compiled.kind === 'read' && compiled.statements.length === 1 && lanes.isShort(text),
    },
    call.identity,
    {
      method: api.method,
      path: call.request.path,
      headers: call.request.headers,
      schema: api.schema,
      preferences: api.preferences,
    },
    call.config,
  );
  const startedAt = performance.now();
  const results = await exchange(transaction, call);
  const durationMs = performance.now() - startedAt;
  if (compiled.kind === 'read') lanes.note(text, durationMs);
  clock.lap('transaction');
  const main = results[transaction.mainIndex];
  if (!main) throw new Error('The exchange gave no result for its main statement');
  const context = responseContext(compiled.mediaType, api);
  if (isPlan) return respondPlan(readPlanText(main), context);
  const row = readResult(main);
  // Where nothing is written, or all is rolled back anyway, looking afterwards saves a round trip.
  check?.(row);
  switch (compiled.kind) {
    case 'read': {
      const total = estimateTotal(row, results[transaction.mainIndex + 1], api, call);
      const { canonical } = api.query;
      const location = `/${compiled.table.name}${canonical === '' ? '' : `?${canonical}`}`;
      const headersOnly = api.method === 'HEAD';
      return respondRead({ ...row, total }, { ...context, range: api.range, location, headersOnly });
    }
    case 'mutate': {
      if (api.action.kind !== 'mutate') throw new Error('A write was compiled from something else');
      const hasConflictTarget = compiled.table.primaryKey.length > 0 || api.query.onConflict !== null;
      const { mutation, name: table } = api.action;
      return respondMutate(row, { ...context, mutation, table, hasConflictTarget });
    }
    case 'call':
      return respondCall(row, compiled.routine, { ...context, range: api.range });
  }
}

async function exchange({ exchange: work }: Transaction, call: RestCall): Promise<readonly Result[]> {
  const { pool, config, emit } = call;
  if (!config.logQuery) return pool.exchange(work);
  const statements = work.statements.map((each: Statement) => each.text);
  try {
    const results = await pool.exchange(work);
    emit({ kind: 'query', statements, status: 200 });
    return results;
  } catch (error) {
    emit({ kind: 'query', statements, status: 500 });
    throw error;
  }
}

/** What a result must satisfy to be an answer, and a write to be kept. @throws {RestError} PGRST115, PGRST116, PGRST124 */
function checkFor(
  compiled: Compiled,
  { action, preferences }: ApiRequest,
): ((row: ResultRow) => void) | null {
  if (action.kind === 'mutate' && action.mutation === 'upsert') {
    return ({ rows }) => {
      if (rows !== 1) throw requestErrors.putMatchingPk();
    };
  }
  const isSingular = compiled.mediaType.kind === 'object';
  const { maxAffected, handling } = preferences;
  const limits = action.kind === 'call' || (action.kind === 'mutate' && action.mutation !== 'insert');
  const limit = limits && handling === 'strict' ? maxAffected : undefined;
  if (!isSingular && limit === undefined) return null;
  return ({ rows }) => {
    if (isSingular && rows !== 1) throw requestErrors.singularity(rows);
    if (limit !== undefined && rows > limit) throw requestErrors.maxAffectedViolation(rows);
  };
}

/** The total for Content-Range: counted, or guessed by the planner, or the larger of both. */
function estimateTotal(
  { total }: ResultRow,
  planned: Result | undefined,
  api: ApiRequest,
  call: RestCall,
): number | null {
  const { count } = api.preferences;
  if (count === 'planned') return readPlannedRows(planned);
  if (count !== 'estimated') return total;
  const { dbMaxRows } = call.config;
  if (total === null || (dbMaxRows !== null && total <= dbMaxRows)) return total;
  return Math.max(total, readPlannedRows(planned) ?? 0);
}

function responseContext(mediaType: MediaType, api: ApiRequest): ResponseContext {
  const { method, schema, negotiatedByProfile, preferences } = api;
  return { method, schema, negotiatedByProfile, preferences, mediaType };
}

/** The root: a document of what the role may see. */
async function inspect(
  headersOnly: boolean,
  api: ApiRequest,
  call: RestCall,
  clock: Clock,
): Promise<HttpResponse> {
  const { request, identity, config, catalog } = call;
  assertInspectable(api);
  clock.lap('plan');
  const statements = openApiStatements(api.schema, config.openapiMode);
  const transaction = planTransaction(
    { main: statements, writes: false, routine: null, check: null, isShort: false },
    identity,
    {
      method: api.method,
      path: request.path,
      headers: request.headers,
      schema: api.schema,
      preferences: api.preferences,
    },
    config,
  );
  const results = await exchange(transaction, call);
  clock.lap('transaction');
  const version = requestedVersion(request.headers.accept, request.query);
  const document = headersOnly
    ? null
    : renderOpenApi(
        readVisible(results.slice(transaction.mainIndex), api.schema, config.openapiMode, catalog),
        catalog,
        config,
        version,
      );
  const headers = ['Content-Type', renderContentType({ kind: 'openapi' })];
  if (api.negotiatedByProfile) headers.push('Content-Profile', Buffer.from(api.schema).toString('latin1'));
  return { status: 200, headers, body: document };
}

const LEGACY =
  'Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release.';

/** Warns of embeds that were addressed by name although they have an alias. */
function withLegacyWarning(
  response: HttpResponse,
  { plan }: Compiled,
  api: ApiRequest,
  call: RestCall,
): HttpResponse {
  const { legacyTargets: replacements } = plan;
  if (replacements.length === 0) return response;
  call.emit({ kind: 'legacyTargetNames', replacements, method: api.method, target: call.request.target });
  const hint = replacements.map(([name, alias]) => `\`${name}\` to \`${alias}\``).join(', ');
  const text = `${LEGACY} Update ${hint} in query string filters, orders or limits.`;
  const value = `299 PostgRESTv${prettyVersion.replaceAll(' ', '')} "${text}"`;
  return { ...response, headers: [...response.headers, 'Warning', Buffer.from(value).toString('latin1')] };
}

type Stage = 'parse' | 'plan' | 'transaction' | 'response';

/** Times the stages of one request, when the setting asks for it. */
interface Clock {
  /** What has passed since is nobody's: waiting for the body. */
  start(): void;
  lap(stage: Stage): void;
  /** The Server-Timing header, null when not wanted. */
  header(): string | null;
}

const noClock: Clock = { start() {}, lap() {}, header: () => null };

function createClock(jwtMs: number | null): Clock {
  if (jwtMs === null) return noClock;
  const spent = { jwt: jwtMs, parse: 0, plan: 0, transaction: 0, response: 0 };
  let last = performance.now();
  const lap = (stage: Stage): void => {
    const now = performance.now();
    spent[stage] += now - last;
    last = now;
  };
  return {
    start() {
      last = performance.now();
    },
    lap,
    header() {
      lap('response');
      return serverTiming(spent);
    },
  };
}

function finish(response: HttpResponse, clock: Clock): HttpResponse {
  const timing = clock.header();
  const timed =
    timing === null ? response : { ...response, headers: [...response.headers, 'Server-Timing', timing] };
  return withVary(timed);
}
