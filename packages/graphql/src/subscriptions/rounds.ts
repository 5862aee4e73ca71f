/**
 * When the statements of live operations are asked. Each of those who ask has a few at the database at a time, and the rest of his wait
 * without end: an interval grows longer, and nobody's subscription fails because others have many. They are made one after
 * another, in slices, in turns with everything else that the event loop does.
 */
import { runPaced } from '@peakstone/kernel/pace';
import { createTurns, type Turns } from '@peakstone/kernel/pg';
import type { Session } from '../auth/types.ts';
import { askerOf } from '../engine/database.ts';

export interface Rounds {
  /** Runs what asks the database when it is the asker's turn. */
  ask<T>(session: Session, work: () => Promise<T>): Promise<T>;
  /** Runs what makes a statement when those that came before it are made. */
  make<T>(work: Generator<void, T>): Promise<T>;
}

/** As long as a timer can wait. */
const withoutEndMs = 2 ** 31 - 1;

/** Of those whose operations are planned: each has one planned at a time, however many connections he has. */
export function createPlanning(): Turns {
  return createTurns(1, withoutEndMs);
}

/** Half of what one may have at work (`service/sources.ts`): the other half is for what he asks for once. */
export function createRounds(connections: number): Rounds {
  const turns = createTurns(Math.max(1, Math.floor(connections / 4)), withoutEndMs);
  let last: Promise<unknown> = Promise.resolve();
  return {
    ask: (session, work) => turns.run(askerOf(session), work),
    make(work) {
      const made = last.then(() => runPaced(work));
      last = made.catch(() => undefined);
      return made;
    },
  };
}
