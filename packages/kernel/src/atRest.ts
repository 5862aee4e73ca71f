/** Gives memory back after a peak: V8 collects as it allocates, so a process at rest would keep what its busiest moment took. */
import { performance } from 'node:perf_hooks';

const everyMs = 5000;
/** Share of the time in which the event loop may have had work for the process to count as at rest. */
const restShare = 0.05;
/** Growth since the last collection that is worth another one. */
const worthwhile = 1.1;

/**
 * Collects garbage whenever the process rests with more memory than after the last time. Does nothing where the collector is
 * not exposed (`memoryFlags`). @returns what ends it.
 */
export function releaseMemoryAtRest(): () => void {
  const collect = globalThis.gc;
  if (!collect) return () => {};
  let before = performance.eventLoopUtilization();
  let lowest = process.memoryUsage.rss();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > restShare || process.memoryUsage.rss() < lowest * worthwhile) return;
    collect();
    lowest = process.memoryUsage.rss();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
