/**
 * The engine: finds or makes the plan of a request, runs it in one exchange a source, and puts the answer together from the
 * database's own bytes. Every transport calls it; what it throws is none of a client's making.
 */

import { runPaced, startPaced } from '@peakstone/kernel/pace';
import {
  createShortStatements,
  createTurns,
  PgError,
  type Pool,
  type Result,
  type ShortStatements,
} from '@peakstone/kernel/pg';
import type { Headers } from './auth/session.ts';
import type { Session } from './auth/types.ts';
import type { GraphqlConfig } from './config/types.ts';
import { limitedConfig, limitsOf } from './engine/apiLimits.ts';
import type { CallContext } from './engine/callContext.ts';
import { type CallResult, runCall } from './engine/calls.ts';
import { type Database, runFor } from './engine/database.ts';
import { fromConnectionError, fromPgError } from './engine/pgErrors.ts';
import { planOperation } from './engine/planOperation.ts';
import { hasSlowRoots, writeSlowRoots } from './engine/slowRoots.ts';
import type { SchemaOfRole, Snapshot } from './engine/snapshot.ts';
import { isDatabaseRole, planTransaction } from './engine/transaction.ts';
import type {
  Answer,
  ExecutablePlan,
  GraphqlRequest,
  PlannedCall,
  PlannedRoot,
  StatementGroup,
} from './engine/types.ts';

import { graphqlErrors, HasuraError } from './errors.ts';

export interface EngineContext {
  readonly config: GraphqlConfig;
  readonly snapshot: Snapshot;
  /** @throws {HasuraError} for a source that is not there */
  database(source: string): Database;
  /** Of the metadata; null where it is kept in memory. */
  readonly metadataPool: Pool | null;
  /** Told that an asynchronous action waits. */
  readonly onAsyncCall: () => void;
}

export interface ExecuteOptions {
  readonly kind?: 'standard' | 'relay';
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal;
  /** Aborted when it takes too long: then what writes is undone, too. */
  readonly deadline?: AbortSignal;
  /** Of the client, for limits that go by it. */
  readonly clientAddress?: string;
  /** The client's, which webhooks may be handed. */
  readonly headers?: Headers;
}

export interface Engine {
  /** Answers a query or a mutation. Never rejects for what a client may do wrong: that is an answer, too. */
  execute(request: GraphqlRequest, session: Session, options?: ExecuteOptions): Promise<Answer>;
  /** Runs a plan, of whatever kind. @throws {HasuraError} */
  run(
    plan: ExecutablePlan,
    request: GraphqlRequest,
    session: Session,
    options?: ExecuteOptions,
  ): Promise<Answer>;
  /** The plan of any operation, for who runs it in ways of their own. @throws {HasuraError} */
  plan(request: GraphqlRequest, session: Session, options?: ExecuteOptions): Promise<ExecutablePlan>;
}

/** How long one waits for another's of the same role. */
const writingPatienceMs = 30_000;

/** `context` is read once a request, as each of its parts can be replaced. */
export function createEngine(context: () => EngineContext): Engine {
  const short = createShortStatements();
  const writing = createTurns(1, writingPatienceMs);

  const plan = async (
    request: GraphqlRequest,
    session: Session,
    { kind = 'standard' }: ExecuteOptions,
    current: EngineContext,
  ): Promise<ExecutablePlan> => {
    const { snapshot, config } = current;
    // Before anything looks at it: a text is hashed to be found again.
    if (request.query.length > config.limits.maxQueryLength)
      throw new HasuraError(
        'validation-failed',
        `the operation has more than ${config.limits.maxQueryLength} characters`,
        { path: ['query'] },
      );
    const key = `${kind}\n${session.role}\n${session.isBackend}\n${request.operationName ?? ''}\n${request.query}`;
    const known = snapshot.memo.find(key, request.variables);
    if (known) return known;
    if (config.enableAllowlist) snapshot.allowlist.assertAllowed(request.query, session.role);
    const of: SchemaOfRole = await snapshot.role(session.role, session.isBackend, kind);
    const limits = limitsOf(snapshot.model.metadata, session.role);
    const { plan: planned, structural } = await runPaced(
      planOperation(request, of, snapshot, limitedConfig(config, limits)),
    );
    const keep = (made: ExecutablePlan): ExecutablePlan => {
      snapshot.memo.keep(key, request.variables, made, structural);
      return made;
    };
    if (!hasSlowRoots(planned)) return keep(planned);
    // Who asks alike meanwhile finds it written.
    return await writing.run(session.role, async () => {
      const written = snapshot.memo.find(key, request.variables);
      return written ?? keep(await writeSlowRoots(planned, config.limits.maxAnswerBytes));
    });
  };

  const run = async (
    made: ExecutablePlan,
    request: GraphqlRequest,
    session: Session,
    options: ExecuteOptions,
    current: EngineContext,
  ): Promise<Answer> => {
    const { headers = {} } = options;
    const signals = [options.signal, options.deadline].flatMap(each => each ?? []);
    const ask = (group: StatementGroup, variables = request.variables): Promise<readonly Result[]> =>
      runGroup(group, made, { ...request, variables }, session, current, short, options);
    if (made.calls.length === 0) {
      const results: (readonly Result[])[] = [];
      for (const group of made.groups) results.push(await ask(group));
      return { body: assemble(made, results), error: null, headers: [], operation: made.kind };
    }
    const context: CallContext = {
      config: current.config,
      session,
      request,
      headers,
      signal: signals.length > 0 ? AbortSignal.any(signals) : undefined,
      metadataPool: current.metadataPool,
      onAsyncCall: current.onAsyncCall,
      runGroup: async (group, variables) => {
        const [result] = await ask(group, variables);
        return (result?.rows[0] ?? []).map(cell => cell?.toString() ?? 'null');
      },
    };
    const { results, called } = await runMixed(made, ask, (call, given) =>
      runCall(call, context, () => bytesOf(call, given)),
    );
    return {
      body: assemble(
        made,
        results,
        called.map(({ json }) => json),
      ),
      error: null,
      headers: called.flatMap(({ cookies }) => cookies.flatMap(cookie => ['Set-Cookie', cookie])),
      operation: made.kind,
    };
  };

  /** Runs it; what the role may no longer do is told as if it had never been there, not by the database's names. */
  const runAsAllowed: typeof run = async (made, request, session, options, current) => {
    try {
      return await run(made, request, session, options, current);
    } catch (error) {
      if (!isDenied(error, session, current)) throw error;
      current.snapshot.forget(session.role);
      await plan(request, session, options, current);
      throw error;
    }
  };

  return {
    run: (made, request, session, options = {}) => runAsAllowed(made, request, session, options, context()),
    plan: (request, session, options = {}) => plan(request, session, options, context()),
    async execute(request, session, options = {}) {
      const current = context();
      try {
        const made = await plan(request, session, options, current);
        if (made.kind === 'subscription')
          throw new HasuraError(
            'unexpected-payload',
            'subscriptions are not supported over HTTP, use websockets instead',
          );
        return await runAsAllowed(made, request, session, options, current);
      } catch (error) {
        if (!(error instanceof HasuraError)) throw error;
        return failure([error], session, current.config);
      }
    },
  };
}

/** What a database has given for what others are joined to. */
function bytesOf(call: PlannedCall, results: readonly (readonly Result[])[]): Buffer {
  if (call.kind !== 'joined') throw new TypeError('Nothing is joined to it');
  const parts: (Uint8Array | string)[] = [];
  appendValue(parts, call.from, { results, called: [] });
  return Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** Reads at the same time; what writes one after the other, in the order of the operation. */
async function runMixed(
  { kind, roots, groups, calls }: ExecutablePlan,
  ask: (group: StatementGroup) => Promise<readonly Result[]>,
  call: (call: PlannedCall, given: readonly (readonly Result[])[]) => Promise<CallResult>,
): Promise<{ readonly results: (readonly Result[])[]; readonly called: CallResult[] }> {
  if (kind !== 'mutation') {
    const asked = Promise.all(groups.map(group => ask(group)));
    const [results, called] = await Promise.all([
      asked,
      Promise.all(calls.map(async each => await call(each, each.kind === 'joined' ? await asked : []))),
    ]);
    return { results, called };
  }
  const results: (readonly Result[])[] = [];
  const called: CallResult[] = [];
  const visit = async (from: PlannedRoot['from']): Promise<void> => {
    if (from.kind === 'cell') results[from.group] ??= await ask(groups[from.group]!);
    if (from.kind === 'call') {
      const each = calls[from.call]!;
      if (each.kind === 'joined') await visit(each.from);
      called[from.call] = await call(each, results);
    }
    if (from.kind === 'list') for (const item of from.items) await visit(item);
    if (from.kind === 'namespace') for (const root of from.roots) await visit(root.from);
  };
  for (const { from } of roots) await visit(from);
  return { results, called };
}

/** Whether the database refuses what the role's schema offers. */
function isDenied(error: unknown, session: Session, { config }: EngineContext): boolean {
  return (
    error instanceof HasuraError &&
    error.code === 'permission-denied' &&
    error.cause instanceof PgError &&
    isDatabaseRole(session, config.authorization)
  );
}

/** Errors as an answer. */
export function failure(
  errors: readonly HasuraError[],
  session: Pick<Session, 'isAdmin'> | null,
  config: GraphqlConfig,
): Answer {
  const showInternal = config.devMode || (config.adminInternalErrors && (session?.isAdmin ?? false));
  return { body: [graphqlErrors(errors, { showInternal })], error: errors[0] ?? null, headers: [] };
}

async function runGroup(
  group: StatementGroup,
  { kind }: ExecutablePlan,
  request: GraphqlRequest,
  session: Session,
  { config, database }: EngineContext,
  short: ShortStatements,
  { signal, deadline }: ExecuteOptions,
): Promise<readonly Result[]> {
  const source = database(group.source);
  const planning = startPaced(
    planTransaction(group, request, session, {
      authorization: config.authorization,
      roles: source.roles,
      isShort: short.has,
    }),
  );
  const transaction = planning instanceof Promise ? await planning : planning;
  // A read that nobody waits for is cancelled; what writes runs to its end, or to its time limit.
  const signals = [group.writes ? undefined : signal, deadline].flatMap(each => each ?? []);
  try {
    const { results, durationMs } = await runFor(session, source, {
      ...transaction.exchange,
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    });
    for (const { text } of transaction.statements) short.note(text, durationMs);
    return results.slice(transaction.first);
  } catch (error) {
    const index =
      error instanceof PgError && error.statement !== null ? error.statement - transaction.first : -1;
    const planned = group.statements[index] ?? group.statements[0]!;
    const failed = {
      text: planned.text,
      values: transaction.statements[Math.max(0, index)]?.values ?? [],
      path: planned.path,
    };
    const refusal =
      error instanceof PgError
        ? (checkFailure(error, planned.checks) ??
          fromPgError(error, failed, kind === 'mutation' ? 'mutation' : 'query'))
        : fromConnectionError(error, planned.path);
    throw refusal ?? error;
  }
}

/** A permission's check that did not hold makes its statement fail with a marker of its own. */
function checkFailure(
  { message }: PgError,
  checks: ReadonlyMap<string, HasuraError> | undefined,
): HasuraError | null {
  for (const [marker, error] of checks ?? []) if (message.includes(marker)) return error;
  return null;
}

/** `{"data":{…}}`, where what the database made is passed through. */
export function assemble(
  plan: ExecutablePlan,
  results: readonly (readonly Result[])[],
  called: readonly string[] = [],
): (Uint8Array | string)[] {
  const body: (Uint8Array | string)[] = ['{"data":'];
  append(body, plan.roots, { results, called });
  body.push('}');
  return body;
}

/** What groups and calls gave. */
interface Results {
  readonly results: readonly (readonly Result[])[];
  readonly called: readonly string[];
}

function append(body: (Uint8Array | string)[], roots: readonly PlannedRoot[], results: Results): void {
  let separator = '{';
  for (const { alias, from } of roots) {
    body.push(`${separator}"${alias}":`);
    separator = ',';
    appendValue(body, from, results);
  }
  body.push(separator === '{' ? '{}' : '}');
}

function appendValue(body: (Uint8Array | string)[], from: PlannedRoot['from'], results: Results): void {
  switch (from.kind) {
    case 'constant':
      body.push(from.json);
      return;
    case 'written':
      body.push(...from.parts);
      return;
    case 'slow':
      throw new TypeError('A plan that is run has been written');
    case 'cell':
      body.push(results.results[from.group]?.at(from.statement)?.rows[0]?.[from.column] ?? 'null');
      return;
    case 'call':
      body.push(results.called[from.call] ?? 'null');
      return;
    case 'list':
      for (const [i, item] of from.items.entries()) {
        body.push(i === 0 ? '[' : ',');
        appendValue(body, item, results);
      }
      body.push(from.items.length === 0 ? '[]' : ']');
      return;
    case 'namespace':
      append(body, from.roots, results);
  }
}
