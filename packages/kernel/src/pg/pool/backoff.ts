/** Growing pauses between attempts: 100 ms, doubling to `maxMs`, each with up to 30 % less so that many clients spread out. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(firstMs = 100, maxMs = 5_000) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Records a failure; returns how long to wait before the next attempt, in ms. */
  next(): number {
    const full = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures++, 20));
    return Math.round(full * (0.7 + 0.3 * Math.random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
