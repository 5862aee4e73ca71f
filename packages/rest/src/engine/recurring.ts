/** What is worth making only for keys that come again. */
import { BoundedCache, detached } from '@peakstone/kernel/boundedCache';

/** Keys remembered; a service has far fewer. */
const MAX_KEYS = 2000;
/** What keys may take that were seen once. */
const MAX_NOTED_CHARACTERS = 500_000;

/**
 * Values by key, made the second time a key is asked for: most of what is sent once is never sent again. A flood of keys that
 * never come again forgets which were seen once, but no value. All values together take about `maxBytes`, by `sizeOf`.
 */
export class Recurring<Value> {
  readonly #sizeOf: (key: string, value: Value) => number;
  readonly #values: BoundedCache<Value>;
  /** `unfit`: nothing could be made. */
  readonly #noted = new Map<string, 'seen' | 'unfit'>();
  #notedCharacters = 0;

  constructor(maxBytes: number, sizeOf: (key: string, value: Value) => number) {
    this.#sizeOf = sizeOf;
    this.#values = new BoundedCache({ maxEntries: MAX_KEYS, maxBytes });
  }

  /** Null the first time, and for keys that `make` has given null for. */
  get(key: string, make: () => Value | null): Value | null {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const note = this.#noted.get(key);
    if (note === 'unfit') return null;
    const value = note === 'seen' ? make() : null;
    if (value === null) this.#note(key, note === 'seen' ? 'unfit' : 'seen');
    else this.#values.set(key, value, this.#sizeOf(key, value));
    return value;
  }

  #note(key: string, note: 'seen' | 'unfit'): void {
    if (this.#noted.size >= MAX_KEYS || this.#notedCharacters > MAX_NOTED_CHARACTERS) {
      this.#noted.clear();
      this.#notedCharacters = 0;
    }
    if (!this.#noted.has(key)) this.#notedCharacters += key.length;
    this.#noted.set(detached(key), note);
  }
}
