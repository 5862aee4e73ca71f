/**
 * `@cached`: answers of queries kept for as long as each says, by operation, role and whatever of the session decides over
 * them. @see https://hasura.io/docs/2.0/caching/overview/
 */
import { createHash } from 'node:crypto';
import { BoundedCache } from '@peakstone/kernel/boundedCache';
import { runWhole } from '@peakstone/kernel/pace';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { type Engine, type ExecuteOptions, failure } from '../engine.ts';
import { HasuraError } from '../errors.ts';
import { isSmallJson } from '../ir/jsonSlices.ts';
import { fillParams, sessionJson } from './fill.ts';
import type { Answer, ExecutablePlan, GraphqlRequest } from './types.ts';

export interface CachedContext {
  readonly config: GraphqlConfig;
  /** Changes with the metadata, so that nothing of an earlier one is given. */
  readonly version: unknown;
}

/** Of the variables of a request whose answer is kept. */
const maxKeyValues = 1000;

interface Kept {
  readonly body: Buffer;
  readonly endsAtMs: number;
  readonly version: unknown;
}

export function cachedEngine(engine: Engine, context: () => CachedContext): Engine {
  const { maxBytes, maxSeconds } = context().config.cache;
  const answers = new BoundedCache<Kept>({ maxEntries: 100_000, maxBytes });
  return {
    ...engine,
    async execute(request, session, options: ExecuteOptions = {}) {
      const { config, version } = context();
      // What is told apart by very much is asked for once; and to be found again it is hashed in one go.
      const isKept =
        maxBytes > 0 && request.query.includes('@cached') && isSmallJson(request.variables, maxKeyValues);
      if (!isKept) return await engine.execute(request, session, options);
      let plan: ExecutablePlan;
      let key: string;
      try {
        plan = await engine.plan(request, session, options);
        if (!plan.cached || plan.calls.length > 0) return await engine.execute(request, session, options);
        key = keyOf(plan, request, session, options, config);
      } catch (error) {
        if (!(error instanceof HasuraError)) throw error;
        return failure([error], session, config);
      }
      const seconds = Math.min(plan.cached.ttlSeconds, maxSeconds);
      const known = plan.cached.refresh ? undefined : answers.get(key);
      if (known && known.version === version && known.endsAtMs > Date.now())
        return {
          body: [known.body],
          error: null,
          operation: 'query',
          headers: [
            ...headersOf(key),
            'Cache-Control',
            `max-age=${Math.ceil((known.endsAtMs - Date.now()) / 1000)}`,
          ],
        };
      const answer = await engine.execute(request, session, options);
      if (answer.error || plan.kind !== 'query' || seconds <= 0) return answer;
      const body = Buffer.concat(
        answer.body.map(part => (typeof part === 'string' ? Buffer.from(part) : part)),
      );
      answers.set(key, { body, endsAtMs: Date.now() + 1000 * seconds, version }, body.length + 500);
      return withHeaders({ ...answer, body: [body] }, key, seconds);
    },
  };
}

function withHeaders(answer: Answer, key: string, seconds: number): Answer {
  return {
    ...answer,
    headers: [...answer.headers, ...headersOf(key), 'Cache-Control', `max-age=${seconds}`],
  };
}

function headersOf(key: string): readonly string[] {
  return ['X-Hasura-Query-Cache-Key', key];
}

/** Of an operation's head: what it says does not decide over the answer, so that a refreshed one is there for all. */
const directive = /^(\s*query\s*\w*\s*(?:\([^()]*\)\s*)?)@cached(?:\s*\([^()]*\))?\s*/;

/** What decides over an answer. Where functions or policies look at who asks, all of the session does. */
function keyOf(
  plan: ExecutablePlan,
  request: GraphqlRequest,
  session: Session,
  { kind = 'standard' }: ExecuteOptions,
  { authorization }: GraphqlConfig,
): string {
  const isPersonal = authorization === 'rls' || plan.groups.some(({ readsSession }) => readsSession);
  const values = plan.groups.map(({ statements }) =>
    statements.map(({ params }) => runWhole(fillParams(params, request.variables, session))),
  );
  const parts = [
    kind,
    session.role,
    session.isBackend,
    request.query.replace(directive, '$1'),
    request.operationName,
    request.variables,
    values,
    isPersonal ? [sessionJson(session), session.claimsJson] : null,
  ];
  return createHash('sha1').update(JSON.stringify(parts)).digest('hex');
}
