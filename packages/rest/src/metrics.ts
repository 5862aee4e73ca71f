/**
 * Events and pool figures as the reference's metrics.
 * @see https://docs.postgrest.org/en/stable/references/observability.html#metrics
 */
import { createMetrics } from '@peakstone/kernel/metrics';
import type { PoolStats } from '@peakstone/kernel/pg';
import type { Emit } from './events.ts';

export interface RestMetrics {
  readonly observe: Emit;
  /** Prometheus text. */
  expose(): string;
}

/** `stats` is asked for at each exposition; `maxPool` is the setting `db-pool`. */
export function createRestMetrics(stats: () => PoolStats, maxPool: () => number): RestMetrics {
  const metrics = createMetrics();
  const timeouts = metrics.counter({
    name: 'pgrst_db_pool_timeouts_total',
    help: 'The total number of pool connection timeouts',
  });
  metrics.observedGauge({
    name: 'pgrst_db_pool_available',
    help: 'Available connections in the pool',
    read: () => stats().idle,
  });
  metrics.observedGauge({
    name: 'pgrst_db_pool_waiting',
    help: 'Requests waiting to acquire a pool connection',
    read: () => stats().waiting,
  });
  metrics.observedGauge({ name: 'pgrst_db_pool_max', help: 'Max pool connections', read: maxPool });
  const loads = metrics.counter({
    name: 'pgrst_schema_cache_loads_total',
    help: 'The total number of times the schema cache was loaded',
    labels: { status: ['SUCCESS', 'FAIL'] },
  });
  const queryTime = metrics.gauge({
    name: 'pgrst_schema_cache_query_time_seconds',
    help: 'The query time in seconds of the last schema cache load',
  });
  const jwtRequests = metrics.counter({
    name: 'pgrst_jwt_cache_requests_total',
    help: 'The total number of JWT cache lookups',
  });
  const jwtHits = metrics.counter({
    name: 'pgrst_jwt_cache_hits_total',
    help: 'The total number of JWT cache hits',
  });
  const jwtEvictions = metrics.counter({
    name: 'pgrst_jwt_cache_evictions_total',
    help: 'The total number of JWT cache evictions',
  });

  return {
    observe(event) {
      switch (event.kind) {
        case 'pool':
          if (event.event.kind === 'acquireTimeout') timeouts.add({});
          break;
        case 'catalogLoaded':
          loads.add({ status: 'SUCCESS' });
          queryTime.set({}, event.queriedInMs / 1000);
          break;
        case 'catalogFailed':
          loads.add({ status: 'FAIL' });
          break;
        case 'jwtCache':
          if (event.event === 'evicted') {
            jwtEvictions.add({});
          } else {
            jwtRequests.add({});
            if (event.event === 'hit') jwtHits.add({});
          }
          break;
      }
    },
    expose: () => metrics.expose(),
  };
}
