import { performance } from 'node:perf_hooks';

/** How often the share is measured, in ms. */
const windowMs = 50;
/** Share of the time in which the event loop has work, above which there is none to spare. */
const busyShare = 0.6;

/** Whether this process' event loop has waited for something lately, or had work all the time. */
export class SpareTime {
  #since = performance.eventLoopUtilization();
  #measuredAt = 0;
  #isLeft = true;

  /** `now` in ms since the epoch. */
  isLeft(now: number): boolean {
    if (now - this.#measuredAt >= windowMs) {
      const current = performance.eventLoopUtilization();
      this.#isLeft = performance.eventLoopUtilization(current, this.#since).utilization < busyShare;
      this.#since = current;
      this.#measuredAt = now;
    }
    return this.#isLeft;
  }
}
