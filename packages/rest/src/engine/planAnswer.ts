/** A compiled request as an exchange, and its results as a response. Pure. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Result } from '@peakstone/kernel/pg';
import type { Compiled, CompiledRead } from '../compile.ts';
import type { RestCall } from '../context.ts';
import { requestErrors } from '../errors.ts';
import type { MediaType } from '../parse/media.ts';
import type { ApiRequest } from '../parse/request.ts';
import { withNextLink } from '../respond/nextLink.ts';
import { type ResultRow, readPlannedRows, readPlanText, readResult } from '../respond/result.ts';
import { type ResponseContext, respondCall, respondMutate, respondPlan, respondRead } from '../respond.ts';
import { requestFacts } from '../transaction/settings.ts';
import { planTransaction, type Transaction } from '../transaction.ts';

/** A compiled request as an exchange, and how its results become a response. */
export interface PlannedAnswer {
  readonly transaction: Transaction;
  readonly writes: boolean;
  /** The main statement's text, by which its speed is known. */
  readonly text: string;
  /** Whether it may be sent behind others while its statement is quick: only then its speed matters. */
  readonly mayFollow: boolean;
  /**
   * Makes the response from the exchange's results, of which the first is `results[offset]`.
   * @throws {RestError} for a result that is no answer, or that must not be kept.
   */
  respond(results: readonly Result[], offset?: number): HttpResponse;
}

/** Pure. `isShort` tells whether a statement may be sent behind others; `isBegun` that somebody else begins the transaction. */
export function planAnswer(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  isShort: (text: string) => boolean,
  isBegun = false,
): PlannedAnswer {
  const writes = compiled.kind === 'mutate' || (compiled.kind === 'call' && compiled.writes);
  const isPlan = compiled.mediaType.kind === 'plan';
  const check = isPlan ? null : checkFor(compiled, api);
  const text = compiled.statements[0]?.text ?? '';
  const mayFollow = mayFollowOthers(compiled, api);
  const transaction = planTransaction(
    {
      ...(compiled.kind === 'mutate' && compiled.before ? { before: compiled.before } : {}),
      main: compiled.statements,
      writes,
      routine: compiled.kind === 'call' ? compiled.routine : null,
      check: check && (result => check(readResult(result))),
      isShort: mayFollow && isShort(text),
      isBegun,
    },
    call.identity,
    requestFacts(api, call.request),
    call.config,
  );
  return {
    transaction,
    writes,
    text,
    mayFollow,
    respond(results, offset = 0) {
      const at = offset + transaction.mainIndex;
      const main = results[at];
      if (!main) throw new Error('The exchange gave no result for its main statement');
      if (isPlan) return respondPlan(readPlanText(main), responseContext(compiled.mediaType, api, call));
      const row = readResult(main);
      // Where nothing is written, or all is rolled back anyway, looking afterwards saves a round trip.
      check?.(row);
      return respondRow(compiled, api, call, row, main, results[at + 1]);
    },
  };
}

/** Plain reads, and inserts, which seldom wait for locks. Updates, deletes and calls have a connection to themselves. */
function mayFollowOthers(compiled: Compiled, { action }: ApiRequest): boolean {
  if (compiled.kind === 'read') return compiled.statements.length === 1;
  return (
    compiled.kind === 'mutate' && !compiled.before && action.kind === 'mutate' && action.mutation === 'insert'
  );
}

function respondRow(
  compiled: Compiled,
  api: ApiRequest,
  call: RestCall,
  row: ResultRow,
  main: Result,
  planned: Result | undefined,
): HttpResponse {
  const context = responseContext(compiled.mediaType, api, call);
  switch (compiled.kind) {
    case 'read': {
      const total = estimateTotal(row, planned, api, call);
      const location = locationOf(compiled, api, call);
      const headersOnly = api.method === 'HEAD';
      const response = respondRead(
        { ...row, total },
        { ...context, range: api.range, location, headersOnly },
      );
      return compiled.keyset
        ? withNextLink(response, compiled.keyset, row.rows, main, call.urlQuery ?? call.request.query)
        : response;
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

/** The method QUERY is there to avoid longer addresses. */
const queryLocationMaxBytes = 4096;

/** The address of what was read, for Content-Location; null where it is too long for a header. */
export function locationOf(
  { table }: CompiledRead,
  { query }: ApiRequest,
  { config, urlQuery }: RestCall,
): string | null {
  const location = `/${table.name}${query.canonical === '' ? '' : `?${query.canonical}`}`;
  const limit = urlQuery === undefined ? config.beyond.contentLocationMaxBytes : queryLocationMaxBytes;
  return limit !== null && Buffer.byteLength(location) > limit ? null : location;
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

export function responseContext(
  mediaType: MediaType,
  { method, schema, negotiatedByProfile, preferences }: ApiRequest,
  { config }: RestCall,
): ResponseContext {
  const verbosity = config.clientErrorVerbosity;
  return { method, schema, negotiatedByProfile, preferences, mediaType, verbosity };
}
