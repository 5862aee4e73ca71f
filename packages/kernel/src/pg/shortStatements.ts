/**
 * Which reads and inserts are short enough to be pipelined behind others on one connection: those whose statement has
 * been quick so far. A statement not seen before, or one that was slow of late, gets a connection to itself.
 */
import { BoundedCache } from '../boundedCache.ts';

export interface ShortStatements {
  has(statement: string): boolean;
  /** Tells how long a statement took, in milliseconds, waiting in the pool included. */
  note(statement: string, durationMs: number): void;
}

/** Statements remembered; the text of a statement is its request's shape, so this is the number of shapes. */
const MAX_STATEMENTS = 4096;
/** Of their texts. */
const MAX_BYTES = 4 * 1024 * 1024;
/** What a neighbour behind it may have to wait. */
const SHORT_MS = 25;
/** A run of that length is no waiting in a queue: the statement is slow for some values. */
const SLOW_MS = 250;
/** Runs that a slow one keeps out of the shared lane. */
const PENALTY_RUNS = 100;
/** Share of a longer duration in the estimate. Shorter ones count at once, as waiting only ever lengthens. */
const WEIGHT = 0.1;

interface Estimate {
  ms: number;
  penalty: number;
}

export function createShortStatements(): ShortStatements {
  const estimates = new BoundedCache<Estimate>({ maxEntries: MAX_STATEMENTS, maxBytes: MAX_BYTES });
  return {
    has(statement) {
      const estimate = estimates.get(statement);
      return estimate !== undefined && estimate.penalty === 0 && estimate.ms < SHORT_MS;
    },
    note(statement, durationMs) {
      let estimate = estimates.get(statement);
      if (!estimate) {
        estimate = { ms: durationMs, penalty: 0 };
        estimates.set(statement, estimate, 200 + statement.length);
      }
      if (durationMs > SLOW_MS) estimate.penalty = PENALTY_RUNS;
      else if (estimate.penalty > 0) estimate.penalty--;
      estimate.ms = durationMs < estimate.ms ? durationMs : estimate.ms + WEIGHT * (durationMs - estimate.ms);
    },
  };
}
