/** Fine enough to tell a process that was held up from one that is busy. */
const resolutionMs = 50;

/** How long this process's event loop has been held up since this was made: by a bug, a stopped process, a machine asleep. */
export class LoopLag {
  #last = performance.now();
  #longestMs = 0;
  readonly #beat = setInterval(() => this.longestMs(), resolutionMs).unref();

  /** The longest time that the loop was away, whatever it does first when it is back. */
  longestMs(): number {
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs, now - this.#last - resolutionMs);
    this.#last = now;
    return this.#longestMs;
  }

  stop(): void {
    clearInterval(this.#beat);
  }
}
