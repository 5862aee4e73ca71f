import type { GraphqlConfig } from '../config/types.ts';
import type { Metadata } from '../definition/metadata.ts';
import { type Engine, type ExecuteOptions, failure } from '../engine.ts';
import { HasuraError } from '../errors.ts';
import { limitsOf, RateCounter } from './apiLimits.ts';

export interface LimitedContext {
  readonly config: GraphqlConfig;
  readonly metadata: Metadata;
}

/** An engine that keeps to the metadata's limits on how many requests come, and how long each may take. */
export function limitedEngine(engine: Engine, context: () => LimitedContext): Engine {
  const rates = new RateCounter();
  return {
    ...engine,
    async execute(request, session, options: ExecuteOptions = {}) {
      const { config, metadata } = context();
      const { rate, seconds } = limitsOf(metadata, session.role);
      try {
        if (rate) rates.admit(rate, session, options.clientAddress ?? null, Date.now());
      } catch (error) {
        if (!(error instanceof HasuraError)) throw error;
        return failure([error], session, config);
      }
      if (seconds === null) return await engine.execute(request, session, options);
      const deadline = AbortSignal.timeout(Math.ceil(seconds * 1000));
      const late = () =>
        failure(
          [
            new HasuraError(
              'time-limit-exceeded',
              `the operation took longer than its limit of ${seconds} s`,
            ),
          ],
          session,
          config,
        );
      try {
        const answer = await engine.execute(request, session, { ...options, deadline });
        return deadline.aborted && answer.error?.code === 'timeout' ? late() : answer;
      } catch (error) {
        if (deadline.aborted && !(options.signal?.aborted ?? false)) return late();
        throw error;
      }
    },
  };
}
