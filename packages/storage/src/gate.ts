/** Lets so much through at a time, first come first served: bytes in memory, or pieces of work. */
export class Gate {
  #free: number;
  readonly #capacity: number;
  readonly #waiting: { readonly weight: number; readonly enter: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  /** What weighs more than everything takes everything. */
  async run<T>(weight: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(weight, this.#capacity);
    if (this.#waiting.length > 0 || this.#free < taken)
      await new Promise<void>(enter => {
        this.#waiting.push({ weight: taken, enter });
      });
    else this.#free -= taken;
    try {
      return await work();
    } finally {
      this.#free += taken;
      while (this.#waiting[0] !== undefined && this.#waiting[0].weight <= this.#free) {
        const next = this.#waiting.shift()!;
        this.#free -= next.weight;
        next.enter();
      }
    }
  }
}

/** Does `work` on each, so many at a time. The first failure ends it, when what is under way has ended. */
export async function forEachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    const one: Promise<void> = work(item)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= atOnce) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
