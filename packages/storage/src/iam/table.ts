import type { Index } from '../store/index/index.ts';
import { textKey } from '../store/index/keys.ts';
import { decodeRow, encodeRow } from '../store/rows.ts';

/** One kind of record: all of them in memory, each change durable before it is seen. */
export class IamTable<Row extends object> {
  readonly #index: Index;
  readonly #kind: string;
  readonly #rows = new Map<string, Row>();

  constructor(index: Index, kind: string) {
    this.#index = index;
    this.#kind = kind;
    const prefix = `${kind}/`;
    for (let from = textKey(prefix); ; ) {
      const entries = index.range('iam', from, textKey(`${kind}0`), 1000);
      for (const { key, value } of entries)
        this.#rows.set(key.toString('utf8').slice(prefix.length), decodeRow<Row>(value));
      if (entries.length < 1000) return;
      from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
    }
  }

  get(name: string): Row | undefined {
    return this.#rows.get(name);
  }

  all(): Row[] {
    return [...this.#rows.values()];
  }

  get size(): number {
    return this.#rows.size;
  }

  /** @param change what is to be kept, from what is there. @throws what it throws */
  async update(name: string, change: (row: Row | undefined) => Row): Promise<Row> {
    const row = await this.#index.change({ alone: [`iam/${this.#kind}/${name}`] }, writes => {
      const next = change(this.#rows.get(name));
      writes.put('iam', this.#place(name), encodeRow(next));
      return next;
    });
    this.#rows.set(name, row);
    return row;
  }

  async remove(name: string): Promise<void> {
    await this.#index.change({ alone: [`iam/${this.#kind}/${name}`] }, writes =>
      writes.remove('iam', this.#place(name)),
    );
    this.#rows.delete(name);
  }

  #place(name: string): Buffer {
    return textKey(`${this.#kind}/${name}`);
  }
}
