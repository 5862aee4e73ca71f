/**
 * Several requests as one transaction: all take effect or none does. Every request is compiled as if it had come alone, and
 * all their statements travel as one exchange.
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { runPaced } from '@peakstone/kernel/pace';
import { type Exchange, PgError, type Result, type Statement } from '@peakstone/kernel/pg';
import type { IsolationLevel } from '@peakstone/kernel/request';
import { type Compiled, compileAction } from '../compile.ts';
import { allowsTxOverride, type RestConfig } from '../config/types.ts';
import type { RestCall } from '../context.ts';
import { beyondErrors, type RestError, requestErrors, toRestError } from '../errors.ts';
import { parsePrefer, renderPreferenceApplied } from '../parse/prefer.ts';
import { parseRequest, takesBody, withBody } from '../parse/request.ts';
import { parseTarget } from '../parse/target.ts';
import { withQueryLog } from '../transaction/exchange.ts';
import { checkConstraints, endsInRollback } from '../transaction.ts';
import { withLegacyWarning } from './answer.ts';
import { type BatchItem, readBatch } from './batch/items.ts';
import { renderBatch } from './batch/response.ts';
import { type PlannedAnswer, planAnswer } from './planAnswer.ts';
import { reportFailure } from './reportFailure.ts';

/** The batch is built in memory. */
const maxBodyBytes = 4 * 1024 * 1024;

interface Planned {
  readonly compiled: Compiled;
  readonly call: RestCall;
  readonly answer: PlannedAnswer;
}

/** Whether a request addresses the batch endpoint. */
export const isBatch = (request: HttpRequest, { beyond }: RestConfig): boolean =>
  beyond.batchPath !== null && request.path === beyond.batchPath;

/**
 * Runs a batch.
 * @throws {RestError} PEAK120 and PEAK121 for the batch itself, or what the first failing request met, with its index.
 */
export async function answerBatch(call: RestCall): Promise<HttpResponse> {
  const { request, config } = call;
  if (request.method === 'OPTIONS') {
    return { status: 200, headers: ['Access-Control-Allow-Origin', '*', 'Allow', 'OPTIONS,POST'], body: '' };
  }
  if (request.method !== 'POST') throw requestErrors.unsupportedMethod(request.method);
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? 'application/json';
  if (type !== 'application/json') throw beyondErrors.invalidBatch('A JSON array of requests was expected.');
  const body = await request.body(maxBodyBytes);
  const items = await runPaced(readBatch(body, request.headers, config.beyond.batchMaxRequests));
  const preferences = parsePrefer(request.headers.prefer, allowsTxOverride(config));
  // How the transaction ends is said once for all; and an answer inside of another has to be whole.
  const inside: RestCall = {
    ...call,
    config: { ...config, dbTxEnd: 'commit', beyond: { ...config.beyond, stream: false } },
  };
  const planned = await runPaced(planItems(items, inside));
  const writes = planned.some(({ answer }) => answer.writes);
  const rollsBack = writes && endsInRollback(preferences, config);
  const applied = renderPreferenceApplied(preferences.tx ? { tx: preferences.tx } : {});
  const headers = ['Content-Type', 'application/json; charset=utf-8'];
  if (applied) headers.push('Preference-Applied', applied);
  if (planned.length === 0) return { status: 200, headers, body: '[]' };
  const { statements, starts } = joinStatements(planned, writes, rollsBack);
  const prepare = config.dbPreparedStatements;
  const responses: HttpResponse[] = [];
  const exchange: Exchange = {
    statements: prepare ? statements : statements.map(each => ({ ...each, prepare })),
    begin: `begin isolation level ${strictestLevel(planned)}${writes ? ' read write' : ' read only'}`,
    inspect(results) {
      for (const [index, each] of planned.entries()) {
        responses.push(blaming(index, call, () => respondItem(each, results, starts[index]?.own)));
      }
      return rollsBack ? 'rollback' : 'commit';
    },
  };
  return withQueryLog(exchange, call, async () => {
    try {
      await call.pool.exchange(exchange);
    } catch (error) {
      const statement = error instanceof PgError ? error.statement : null;
      if (statement === null || statement >= statements.length) throw error;
      const index = starts.findLastIndex(({ first }) => first <= statement);
      throw blamed(error, index, call);
    }
    return { status: 200, headers, body: await runPaced(renderBatch(responses)) };
  });
}

function* planItems(items: readonly BatchItem[], call: RestCall): Generator<void, readonly Planned[]> {
  const planned: Planned[] = [];
  for (const [index, item] of items.entries()) {
    try {
      planned.push(yield* planItem(item, call));
    } catch (error) {
      throw blamed(error, index, call);
    }
    yield;
  }
  return planned;
}

function* planItem(item: BatchItem, call: RestCall): Generator<void, Planned> {
  const { config } = call;
  const hold = (bytes: number): void => call.request.hold(bytes);
  const target = parseTarget(item, config);
  const { action } = target;
  if (action.kind !== 'read' && action.kind !== 'mutate' && action.kind !== 'call') {
    throw beyondErrors.invalidBatch('Only relations and functions can be requested in a batch.');
  }
  const head = parseRequest(item, target, config);
  const api = takesBody(target) ? yield* withBody(head, item.body, hold) : head;
  const compiled = yield* compileAction(api, call.catalog, config, hold);
  const request: HttpRequest = {
    ...item,
    target: item.query === '' ? item.path : `${item.path}?${item.query}`,
    remoteAddress: call.request.remoteAddress,
    body: () => Promise.resolve(item.body),
    hold,
    async *stream() {
      yield item.body;
    },
    onAborted: listener => call.request.onAborted(listener),
  };
  const own: RestCall = { ...call, request };
  return { compiled, call: own, answer: planAnswer(compiled, api, own, () => false, true) };
}

const plain = (text: string): Statement => ({ text, values: [] });
/** Between requests, so that the next one meets nothing that the one before has set; only the login role may take another role. */
const undoSettings = [plain('reset all'), plain("select pg_catalog.set_config('role', 'none', true)")];
const readOnly = plain("select pg_catalog.set_config('transaction_read_only', 'on', true)");

/** Where a request's statements begin in the exchange, and where, behind what prepares the ground, its own do. */
interface Start {
  readonly first: number;
  readonly own: number;
}

/** The statements of all requests in one list. */
function joinStatements(
  planned: readonly Planned[],
  writes: boolean,
  rollsBack: boolean,
): { readonly statements: readonly Statement[]; readonly starts: readonly Start[] } {
  const statements: Statement[] = [];
  const starts: Start[] = [];
  for (const [index, { answer }] of planned.entries()) {
    const first = statements.length;
    if (index > 0) statements.push(...undoSettings);
    // What only reads must not write, as if it had come alone; the way back out of read-only is to undo a savepoint.
    const guards = writes && !answer.writes;
    if (guards) statements.push(plain('savepoint pgrst_read'), readOnly);
    starts.push({ first, own: statements.length });
    statements.push(...answer.transaction.exchange.statements);
    if (guards) {
      statements.push(plain('rollback to savepoint pgrst_read'), plain('release savepoint pgrst_read'));
    }
  }
  if (rollsBack) statements.push(checkConstraints);
  return { statements, starts };
}

function respondItem(
  { answer, compiled, call }: Planned,
  results: readonly Result[],
  offset: number | undefined,
): HttpResponse {
  return withLegacyWarning(answer.respond(results, offset), compiled, call);
}

/** From the least to the most demanding. */
const isolationLevels: readonly IsolationLevel[] = ['read committed', 'repeatable read', 'serializable'];

/** The isolation level that the most demanding of the requests would have had alone. */
function strictestLevel(planned: readonly Planned[]): IsolationLevel {
  const wanted = new Set(planned.map(({ answer }) => answer.transaction.isolationLevel));
  return isolationLevels.findLast(level => wanted.has(level)) ?? 'read committed';
}

function blaming<T>(index: number, call: RestCall, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw blamed(error, index, call);
  }
}

/** The error of one request as the batch's, with its index. */
function blamed(error: unknown, index: number, call: RestCall): RestError {
  const refusal = toRestError(error, !call.identity.isAnonymous);
  if (refusal.index !== null) return refusal;
  reportFailure(refusal, error, call.emit);
  return refusal.ofRequest(index);
}
