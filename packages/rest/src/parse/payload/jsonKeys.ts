/** The keys of a body's rows, and whether all rows have the same. */

/**
 * Names that are told apart. No table has so many columns and no function so many arguments, so that of a body with more
 * some are unknown whatever the others are: which ones it would have been besides does not matter.
 */
export const maxNames = 4096;
/** Bytes of a key that are looked at: PostgreSQL's names have 63. */
const maxNameBytes = 1024;

/** Start and end offsets of keys, without their quotes: start, end, start, end … */
type KeySpans = number[];

export class RowKeys {
  /** Whether rows have been met whose keys differ. */
  differ = false;
  readonly #bytes: Buffer;
  /** Of the first row, and of the one being read. */
  #first: KeySpans | null = null;
  #spans: KeySpans = [];
  /** Names of a row that writes more keys than are kept as spans: duplicates must not hide others. */
  #many: Set<string> | null = null;
  #names: readonly string[] | null = null;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Of the first row: sorted, each once. */
  get names(): readonly string[] {
    this.#names ??= this.#sorted(new Set(this.#read(this.#first ?? [])));
    return this.#names;
  }

  beginRow(): void {
    this.#spans.length = 0;
    this.#many = null;
  }

  add(start: number, end: number): void {
    if (this.#spans.length < maxNames * 2) {
      this.#spans.push(start, end);
      return;
    }
    this.#many ??= new Set(this.#read(this.#spans));
    if (this.#many.size < maxNames) this.#many.add(this.#name(start, end));
  }

  endRow(): void {
    if (this.#first === null) {
      this.#first = this.#spans;
      if (this.#many) this.#names = this.#sorted(this.#many);
      this.#spans = [];
    } else if (!this.differ && (this.#many !== null || !this.#sameAsFirst())) {
      const names = this.#sorted(this.#many ?? new Set(this.#read(this.#spans)));
      this.differ = names.length !== this.names.length || names.some((name, i) => name !== this.names[i]);
    }
  }

  /** Whether both rows wrote the same keys in the same order, which is nearly always so in a bulk insert. */
  #sameAsFirst(): boolean {
    const bytes = this.#bytes;
    const a = this.#first ?? [];
    const b = this.#spans;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i += 2) {
      const length = a[i + 1]! - a[i]!;
      if (b[i + 1]! - b[i]! !== length) return false;
      for (let k = 0, p = a[i]!, q = b[i]!; k < length; k++) if (bytes[p + k] !== bytes[q + k]) return false;
    }
    return true;
  }

  *#read(spans: KeySpans): Generator<string, void> {
    for (let i = 0; i < spans.length; i += 2) yield this.#name(spans[i]!, spans[i + 1]!);
  }

  #name(start: number, end: number): string {
    if (end - start > maxNameBytes) return `${this.#bytes.toString('utf8', start, start + maxNameBytes)}…`;
    const text = this.#bytes.toString('utf8', start, end);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }

  #sorted(names: Iterable<string>): readonly string[] {
    return [...names].sort();
  }
}
