/**
 * Which reads are short enough to be pipelined behind others on one connection: those whose statement has been quick so
 * far. A statement not seen before, or one that was slow of late, gets a connection to itself.
 */

export interface Lanes {
  isShort(statement: string): boolean;
  /** Tells how long a statement took, in milliseconds, waiting included. */
  note(statement: string, durationMs: number): void;
}

/** Statements remembered; the text of a statement is its request's shape, so this is the number of shapes. */
const MAX_STATEMENTS = 4096;
/** What a neighbour behind it may have to wait. */
const SHORT_MS = 25;
/** Share of the newest duration in the running mean. */
const WEIGHT = 0.25;

export function createLanes(): Lanes {
  const means = new Map<string, number>();
  return {
    isShort(statement) {
      const mean = means.get(statement);
      return mean !== undefined && mean < SHORT_MS;
    },
    note(statement, durationMs) {
      const mean = means.get(statement);
      if (mean === undefined) {
        const [oldest] = means.size >= MAX_STATEMENTS ? means.keys() : [];
        if (oldest !== undefined) means.delete(oldest);
      }
      // A single slow run counts in full: better one connection too many than a blocked neighbour.
      const next =
        mean === undefined || durationMs > 4 * SHORT_MS ? durationMs : mean + WEIGHT * (durationMs - mean);
      means.set(statement, next);
    },
  };
}
