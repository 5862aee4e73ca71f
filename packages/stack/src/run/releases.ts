/** What was taken, given back once, in reverse; each even when another one fails. */
export class Releases {
  readonly #acts: (() => void | Promise<void>)[] = [];
  #done: Promise<void> | null = null;

  add(act: () => void | Promise<void>): void {
    this.#acts.push(act);
  }

  all(): Promise<void> {
    this.#done ??= this.#release();
    return this.#done;
  }

  async #release(): Promise<void> {
    const failures: unknown[] = [];
    for (const act of this.#acts.toReversed()) {
      try {
        await act();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(
        failures,
        `Not everything could be stopped: ${(failures[0] as Error).message}`,
      );
  }
}
