import type { Engine } from '../engine.ts';
import type { Registry } from './registry.ts';

/** An engine whose requests are counted and timed. @see https://hasura.io/docs/2.0/observability/enterprise-edition/prometheus/metrics/ */
export function measuredEngine(engine: Engine, registry: Registry): Engine {
  const requests = registry.counter(
    'hasura_graphql_requests_total',
    'GraphQL requests by operation and outcome',
  );
  const times = registry.histogram(
    'hasura_graphql_execution_time_seconds',
    'Time taken to answer GraphQL requests',
  );
  return {
    ...engine,
    async execute(request, session, options) {
      const startedAt = performance.now();
      const answer = await engine.execute(request, session, options);
      const labels = { operation_type: answer.operation ?? 'unknown' };
      requests.add({ ...labels, response_status: answer.error ? 'failed' : 'success' });
      times.observe(labels, (performance.now() - startedAt) / 1000);
      return answer;
    },
  };
}
