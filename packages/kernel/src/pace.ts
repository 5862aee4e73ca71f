/**
 * Long work in small pieces, so that one caller's large input delays nobody else. A piece is what a generator does between
 * two `yield`s; it should take well under a millisecond.
 */

/** What all such work together may take of one turn of the event loop. */
const turnMs = 5;

const waiting: (() => void)[] = [];
/** When what is left of this turn is spent; null before the first piece of a turn. */
let spentAt: number | null = null;

function nextTurn(): void {
  spentAt = null;
  const next = waiting.shift();
  if (!next) return;
  // Others that wait get a turn of their own each.
  beginTurn();
  next();
}

function beginTurn(): number {
  spentAt = performance.now() + turnMs;
  setImmediate(nextTurn);
  return spentAt;
}

/**
 * Runs a generator to its end and returns what it returns. The event loop turns whenever a few milliseconds are spent,
 * however many run at a time: those that have begun take turns.
 */
export async function runPaced<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    if (performance.now() >= (spentAt ?? beginTurn())) {
      await new Promise<void>(resolve => {
        waiting.push(resolve);
      });
    }
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** The same, and at once for what ends before its first `yield`: what is small as a rule costs no turn. */
export function startPaced<T>(work: Generator<void, T>): T | Promise<T> {
  const step = work.next();
  return step.done ? step.value : runPaced(work);
}

/** The same at once, for what is known to be small. */
export function runWhole<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
