/**
 * Several requests as one transaction: all take effect or none does. Every request is compiled as if it had come alone, and
 * all their statements travel as one exchange.
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { type Exchange, PgError, type Result, type Statement } from '@peakstone/kernel/pg';
import { type Compiled, compileAction } from '../compile.ts';
import { allowsTxOverride, type RestConfig } from '../config/types.ts';
import type { RestCall } from '../context.ts';
import { withLegacyWarning } from '../engine/answer.ts';
import { type PlannedAnswer, planAnswer } from '../engine/planAnswer.ts';
import { beyondErrors, RestError, requestErrors, toRestError } from '../errors.ts';
import { parsePrefer, renderPreferenceApplied } from '../parse/prefer.ts';
import { type ApiRequest, parseRequest, takesBody } from '../parse/request.ts';
import { parseTarget } from '../parse/target.ts';
import { withQueryLog } from '../transaction/exchange.ts';
import { endsInRollback } from '../transaction.ts';
import { type BatchItem, readBatch } from './batchItems.ts';
import { renderBatch } from './batchResponse.ts';

const maxBodyBytes = 64 * 1024 * 1024;

interface Planned {
  readonly api: ApiRequest;
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
  const items = readBatch(await request.body(maxBodyBytes), request.headers, config.beyond.batchMaxRequests);
  const preferences = parsePrefer(request.headers.prefer, allowsTxOverride(config));
  // How the transaction ends is said once for all; and an answer inside of another has to be whole.
  const inside: RestCall = {
    ...call,
    config: { ...config, dbTxEnd: 'commit', beyond: { ...config.beyond, stream: false } },
  };
  const planned = items.map((item, index) => blaming(index, call, () => planItem(item, inside)));
  const writes = planned.some(({ answer }) => answer.writes);
  const rollsBack = writes && endsInRollback(preferences, config);
  const applied = renderPreferenceApplied(preferences.tx ? { tx: preferences.tx } : {});
  const headers = ['Content-Type', 'application/json; charset=utf-8'];
  if (applied) headers.push('Preference-Applied', applied);
  if (planned.length === 0) return { status: 200, headers, body: '[]' };
  const responses = await runBatch(planned, writes, rollsBack, call);
  return { status: 200, headers, body: renderBatch(responses) };
}

function planItem(item: BatchItem, call: RestCall): Planned {
  const { config } = call;
  const target = parseTarget(item, config);
  const { action } = target;
  if (action.kind !== 'read' && action.kind !== 'mutate' && action.kind !== 'call') {
    throw beyondErrors.invalidBatch('Only relations and functions can be requested in a batch.');
  }
  const api = parseRequest(item, target, takesBody(target) ? item.body : null, config);
  const compiled = compileAction(action, api, call.catalog, config);
  const request: HttpRequest = {
    ...item,
    target: item.query === '' ? item.path : `${item.path}?${item.query}`,
    remoteAddress: call.request.remoteAddress,
    body: () => Promise.resolve(item.body),
    async *stream() {
      yield item.body;
    },
    onAborted: listener => call.request.onAborted(listener),
  };
  const own: RestCall = { ...call, request };
  return { api, compiled, call: own, answer: planAnswer(compiled, api, own, () => false) };
}

/**
 * Undoes what a request's settings did, before those of the next: only the login role may take another role. The functions'
 * own settings, such as time-outs, go back to their defaults.
 */
function resetStatement(before: Planned): Statement {
  const values: string[] = [];
  const { compiled } = before;
  const hoisted = compiled.kind === 'call' ? compiled.routine.settings : [];
  const calls = ["set_config('role', 'none', true)"];
  for (const name of ['response.headers', 'response.status', 'pgrst.inserted'])
    calls.push(`set_config('${name}', '', true)`);
  for (const [name] of hoisted) {
    if (name === 'default_transaction_isolation') continue;
    values.push(name);
    calls.push(`set_config($${values.length}, null, true)`);
  }
  return { text: `select ${calls.join(', ')}`, values };
}

const plain = (text: string): Statement => ({ text, values: [] });
const readOnly = plain("select set_config('transaction_read_only', 'on', true)");

async function runBatch(
  planned: readonly Planned[],
  writes: boolean,
  rollsBack: boolean,
  call: RestCall,
): Promise<readonly HttpResponse[]> {
  const statements: Statement[] = [];
  /** Where each request's statements begin, and where its exchange's own do. */
  const starts: { readonly first: number; readonly own: number }[] = [];
  const prepare = call.config.dbPreparedStatements;
  planned.forEach(({ answer }, i) => {
    const first = statements.length;
    const before = planned[i - 1];
    if (before) statements.push(resetStatement(before));
    // What only reads must not write, as if it had come alone; the way back out of read-only is to undo a savepoint.
    const guards = writes && !answer.writes;
    if (guards) statements.push(plain('savepoint pgrst_read'), readOnly);
    starts.push({ first, own: statements.length });
    statements.push(...answer.transaction.exchange.statements);
    if (guards)
      statements.push(plain('rollback to savepoint pgrst_read'), plain('release savepoint pgrst_read'));
  });
  // Deferred constraints must speak up even though nothing will be committed.
  if (rollsBack) statements.push(plain('set constraints all immediate'));
  const responses: HttpResponse[] = [];
  const exchange: Exchange = {
    statements: prepare ? statements : statements.map(each => ({ ...each, prepare })),
    begin: `begin isolation level ${strictest(planned)}${writes ? '' : ' read only'}`,
    inspect(results: readonly Result[]) {
      planned.forEach((each, index) => {
        const respond = (): HttpResponse => {
          const response = each.answer.respond(results, starts[index]?.own);
          return withLegacyWarning(response, each.compiled, each.api, each.call);
        };
        responses.push(blaming(index, call, respond));
      });
      return rollsBack ? 'rollback' : 'commit';
    },
  };
  let answered: readonly HttpResponse[] = [];
  await withQueryLog({ exchange, mainIndex: 0 }, call, async () => {
    try {
      await call.pool.exchange(exchange);
    } catch (error) {
      const statement = error instanceof PgError ? error.statement : null;
      if (statement === null || statement >= statements.length) throw error;
      const index = starts.findLastIndex(({ first }) => first <= statement);
      throw blamed(error, index, call);
    }
    answered = responses;
    return { status: 200, headers: [], body: null };
  });
  return answered;
}

const levels = ['read committed', 'repeatable read', 'serializable'];

/** The isolation level that the most demanding of the requests would have had alone. */
function strictest(planned: readonly Planned[]): string {
  let strictest = 0;
  for (const { answer } of planned) {
    const begin = answer.transaction.exchange.begin ?? '';
    levels.forEach((level, i) => {
      if (begin.includes(level)) strictest = Math.max(strictest, i);
    });
  }
  return levels[strictest] ?? 'read committed';
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
  const cause = toRestError(error, !call.identity.isAnonymous);
  if (cause.index !== null) return cause;
  if (cause.status >= 500 && cause !== error) {
    call.emit(cause.code === 'PGRSTX00' ? { kind: 'serverFault', error } : { kind: 'queryFailed', error });
  }
  const { code, message, details, hint, status, headers, statusText } = cause;
  return new RestError(code, message, {
    details,
    hint,
    status,
    headers,
    index,
    cause: error,
    ...(statusText === undefined ? {} : { statusText }),
  });
}
