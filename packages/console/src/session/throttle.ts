/** How often a secret may be guessed: a few times by one address, and in all, so that many addresses are no way round. */

const WINDOW_MS = 60_000;
const PER_ADDRESS = 5;
const IN_ALL = 60;
/** Addresses remembered at most. */
const MAX_ADDRESSES = 10_000;

export class Throttle {
  readonly #now: () => number;
  #failures = new Map<string, number>();
  #total = 0;
  #until = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Seconds to wait; 0 when a guess is free. */
  waitS(address: string): number {
    this.#turn();
    if (this.#total < IN_ALL && (this.#failures.get(address) ?? 0) < PER_ADDRESS) return 0;
    return Math.max(1, Math.ceil((this.#until - this.#now()) / 1000));
  }

  failed(address: string): void {
    this.#turn();
    this.#total += 1;
    if (this.#failures.size < MAX_ADDRESSES || this.#failures.has(address))
      this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1);
  }

  #turn(): void {
    if (this.#now() < this.#until) return;
    this.#until = this.#now() + WINDOW_MS;
    this.#failures = new Map();
    this.#total = 0;
  }
}
