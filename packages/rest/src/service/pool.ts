/** The pool of a configuration, whose events and, at log level debug, exchanges are told. */
import { availableParallelism } from 'node:os';
import { createPool, type Exchange, type Pool, type Result } from '@peakstone/kernel/pg';
import type { RestConfig } from '../config/types.ts';
import type { Emit } from '../events.ts';
import { poolUrl } from './connection.ts';

/** Below this size a separate lane for short reads would starve everything else. */
const minSizeForSharedLane = 4;

/** Opens nothing by itself. `config` is asked for the log level with each exchange. */
export function openPool(config: () => RestConfig, emit: Emit): Pool {
  const first = config();
  const pool = createPool({
    url: poolUrl(first),
    size: first.dbPool,
    sharedSize: sharedLaneSize(first.dbPool, availableParallelism()),
    acquireTimeoutMs: Math.max(1, first.dbPoolAcquisitionTimeout * 1000),
    maxIdleMs: Math.max(1, first.dbPoolMaxIdletime * 1000),
    maxLifetimeMs: Math.max(1, first.dbPoolMaxLifetime * 1000),
    isolated: true,
    ...(first.beyond.maxResultBytes === null ? {} : { maxResultBytes: first.beyond.maxResultBytes }),
    ...(first.dbPreparedStatements ? {} : { statementCacheSize: 0 }),
    onEvent: event => emit({ kind: 'pool', event }),
  });
  return observed(pool, () => config().logLevel === 'debug', emit);
}

/**
 * Connections for short reads, which are pipelined: one a processor, as more would only take turns; at most a third of
 * all, and none of a pool so small that everything else would starve. Pure.
 */
export function sharedLaneSize(poolSize: number, processors: number): number {
  return poolSize < minSizeForSharedLane ? 0 : Math.max(2, Math.min(processors, Math.floor(poolSize / 3)));
}

/** Tells of each exchange at log level debug, and of recycling, where the reference logs it. */
function observed(pool: Pool, isObserving: () => boolean, emit: Emit): Pool {
  const exchange = async (request: Exchange): Promise<readonly Result[]> => {
    emit({ kind: 'poolRequest' });
    try {
      return await pool.exchange(request);
    } finally {
      emit({ kind: 'poolRequestFulfilled' });
    }
  };
  return {
    exchange: request => (isObserving() ? exchange(request) : pool.exchange(request)),
    query: (text, values) => pool.query(text, values),
    script: (...given) => pool.script(...given),
    stream: request => pool.stream(request),
    recycle() {
      pool.recycle();
      emit({ kind: 'poolFlushed' });
    },
    get stats() {
      return pool.stats;
    },
    close: graceMs => pool.close(graceMs),
  };
}
