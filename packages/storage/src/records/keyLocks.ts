/** One at a time by name, in the order of asking; as long as nobody asks nothing is held. */
export class KeyLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Several at once are taken in one order, so that nobody waits for each other. */
  async alone<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = [...new Set(names)].sort();
    return first === undefined ? await work() : await this.#one(first, () => this.alone(rest, work));
  }

  async #one<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const done = Promise.withResolvers<void>();
    this.#tails.set(name, done.promise);
    await before;
    try {
      return await work();
    } finally {
      if (this.#tails.get(name) === done.promise) this.#tails.delete(name);
      done.resolve();
    }
  }
}
