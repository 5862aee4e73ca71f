import { setImmediate } from 'node:timers/promises';

/**
 * Runs a generator that yields between small pieces of work, and lets the event loop turn every `sliceMs`,
 * so that a catalog of any size is built without delaying requests. Returns what the generator returns.
 */
export async function runPaced<T>(work: Generator<void, T>, sliceMs = 5): Promise<T> {
  let until = performance.now() + sliceMs;
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() >= until) {
      await setImmediate();
      until = performance.now() + sliceMs;
    }
  }
}
