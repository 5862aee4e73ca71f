/** Runs actions one after the other: at once as long as none takes its time, in order behind one that does. */
export class Turns {
  #waiting: (() => void | Promise<void>)[] | null = null;

  /** @param failed told what the action throws or rejects with @param onBusy told when one begins to take its time, and when none does any more */
  add(action: () => unknown, failed: (error: unknown) => void, onBusy: (busy: boolean) => void): void {
    const guarded = (): void | Promise<void> => {
      try {
        const taking = action();
        return taking instanceof Promise ? taking.catch(failed) : undefined;
      } catch (error) {
        failed(error);
      }
    };
    if (this.#waiting) {
      // Bounded by what had been read from the socket when reading was paused.
      this.#waiting.push(guarded);
      return;
    }
    const taking = guarded();
    if (!taking) return;
    this.#waiting = [];
    onBusy(true);
    void this.#drain(taking).then(() => onBusy(false));
  }

  async #drain(first: Promise<void>): Promise<void> {
    await first;
    for (let next = this.#waiting?.shift(); next; next = this.#waiting?.shift()) await next();
    this.#waiting = null;
  }
}
