import type { PoolOptions } from '../types.ts';

/** Pool options with every default applied. */
export interface PoolLimits {
  readonly size: number;
  readonly sharedSize: number;
  readonly pipelineDepth: number;
  readonly acquireTimeoutMs: number;
  readonly maxWaiting: number;
  readonly maxIdleMs: number;
  readonly maxLifetimeMs: number;
  readonly statementCacheSize: number;
  readonly statementCacheBytes: number;
  /** What a server process may have taken for good before its connection gives way to another one, by estimate. */
  readonly strainBytes: number;
}

/** What the server may hold for the prepared statements of one connection, and of all together. */
const maxStatementBytes = 8 * 1024 * 1024;
const maxPoolStatementBytes = 128 * 1024 * 1024;

/** What statements that were new or large may cost a connection, and all together, before it is replaced. */
const maxStrainBytes = 32 * 1024 * 1024;
const maxPoolStrainBytes = 320 * 1024 * 1024;

/** @throws {RangeError} naming the option that is not a whole number in its range. */
export function resolveLimits(options: PoolOptions): PoolLimits {
  const size = whole('size', options.size ?? 10, 1);
  // The own lane must keep one, or nothing exclusive could ever run.
  const sharedSize = Math.min(whole('sharedSize', options.sharedSize ?? 2, 0), size - 1);
  return {
    size,
    sharedSize,
    pipelineDepth: whole('pipelineDepth', options.pipelineDepth ?? 16, 1),
    acquireTimeoutMs: whole('acquireTimeoutMs', options.acquireTimeoutMs ?? 10_000, 1),
    maxWaiting: whole('maxWaiting', options.maxWaiting ?? 10_000, 0),
    maxIdleMs: whole('maxIdleMs', options.maxIdleMs ?? 30_000, 1),
    maxLifetimeMs: whole('maxLifetimeMs', options.maxLifetimeMs ?? 1_800_000, 1),
    statementCacheSize: whole('statementCacheSize', options.statementCacheSize ?? 512, 0),
    statementCacheBytes: whole(
      'statementCacheBytes',
      options.statementCacheBytes ?? Math.min(maxStatementBytes, Math.floor(maxPoolStatementBytes / size)),
      0,
    ),
    strainBytes: Math.min(maxStrainBytes, Math.floor(maxPoolStrainBytes / size)),
  };
}

function whole(name: string, value: number, min: number): number {
  if (!Number.isInteger(value) || value < min) {
    throw new RangeError(`Pool option ${name} must be a whole number of at least ${min}, not ${value}`);
  }
  return value;
}
