/** From a compiled request to its response: run, check, respond. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Result } from '@peakstone/kernel/pg';
import type { Clock } from './clock.ts';
import type { ApiRequest, Compiled } from './compile.ts';
import type { RestCall } from './context.ts';
import { requestErrors } from './errors.ts';
import { runExchange, withQueryLog } from './exchange.ts';
import type { Lanes } from './lane.ts';
import type { MediaType } from './parse/media.ts';
import { type ResponseContext, respondCall, respondMutate, respondPlan, respondRead } from './respond.ts';
import { type ResultRow, readPlannedRows, readPlanText, readResult } from './result.ts';
import { planTransaction } from './transaction.ts';
import { prettyVersion } from './version.ts';

/** Runs the statements and makes the response from what they gave. */
export async function answerCompiled(
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
  return withQueryLog(transaction, call, async () => {
    const startedAt = performance.now();
    const results = await runExchange(transaction, writes, call);
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
  });
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

const LEGACY =
  'Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release.';

/** Warns of embeds that were addressed by name although they have an alias. */
export function withLegacyWarning(
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
