/** What is worth making only for keys that come again. */

/** Keys remembered; a service has far fewer. */
const MAX_KEYS = 2000;

/**
 * Values by key, made the second time a key is asked for: most of what is sent once is never sent again. A flood of keys that
 * never come again forgets which were seen once, but no value.
 */
export class Recurring<Value> {
  readonly #values = new Map<string, Value>();
  /** `unfit`: nothing could be made. */
  readonly #noted = new Map<string, 'seen' | 'unfit'>();

  /** Null the first time, and for keys that `make` has given null for. */
  get(key: string, make: () => Value | null): Value | null {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const note = this.#noted.get(key);
    if (note === 'unfit') return null;
    if (this.#noted.size >= MAX_KEYS) this.#noted.clear();
    const value = note === 'seen' ? make() : null;
    if (value === null) {
      this.#noted.set(key, note === 'seen' ? 'unfit' : 'seen');
      return null;
    }
    const [oldest] = this.#values.size >= MAX_KEYS ? this.#values.keys() : [];
    if (oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, value);
    return value;
  }
}
