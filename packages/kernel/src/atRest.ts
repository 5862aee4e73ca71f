/** Gives memory back after a peak: V8 collects as it allocates, so a process at rest would keep what its busiest moment took. */
import { performance } from 'node:perf_hooks';

/** Share of the time in which the event loop may have had work for the process to count as at rest. */
const restShare = 0.05;
/** How many times what it has at least a process may have before it is worth a collection. */
const worthwhile = 1.1;
/** What is left by a collection is in use, or was: looks until the next one double up to this, which is 40 s. */
const mostPatience = 8;

/**
 * Collects garbage whenever the process rests with more memory than it needs at least; ever more rarely while that gives
 * nothing back, and anew after every time that it was busy or has grown. Does nothing where the collector is not exposed (`memoryFlags`).
 * @returns what ends it.
 */
export function releaseMemoryAtRest(everyMs = 5000): () => void {
  const collect = globalThis.gc;
  if (!collect) return () => {};
  let before = performance.eventLoopUtilization();
  let lowest = Number.POSITIVE_INFINITY;
  let last = Number.POSITIVE_INFINITY;
  let patience = 1;
  let looks = 0;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > restShare) {
      patience = 1;
      looks = 0;
      return;
    }
    const taken = process.memoryUsage.rss();
    if (lowest !== Number.POSITIVE_INFINITY && taken < lowest * worthwhile) return;
    // A reload is too short to be seen as work, and lets go of as much as it takes.
    if (taken > last * worthwhile) patience = 1;
    if (++looks < patience) return;
    // The plain collection keeps the pages that it has emptied: of 190 MB after a million objects 190, this one 57.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    const left = process.memoryUsage.rss();
    last = left;
    lowest = Math.min(lowest, left);
    patience = taken < left * worthwhile ? Math.min(patience * 2, mostPatience) : 1;
    looks = 0;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
