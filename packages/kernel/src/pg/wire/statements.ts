import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Field } from '../types.ts';
import { bindPrefix } from './frontend.ts';

/** A named statement of one connection. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
  /** Start of every Bind of it. */
  readonly bind: Buffer;
  /** Its columns, once the server described them. */
  fields: readonly Field[] | null;
  /** The server acknowledged its Parse. */
  confirmed: boolean;
  /** The exchange whose Parse is under way; others must not rely on the name until it is confirmed. */
  owner: object | null;
  used: boolean;
}

/**
 * The statements a connection keeps prepared, at most `size`. Eviction gives each recently used one a second chance,
 * which unlike a strict order costs a hit nothing but a flag.
 */
export class StatementCache {
  readonly size: number;
  readonly #byText = new Map<string, Prepared>();
  /** Statements that functions prepare by SQL share the namespace; theirs must not meet ours by accident. */
  readonly #prefix = `p${randomBytes(6).toString('hex')}_`;
  #serial = 0;
  /** Names to Close before the next exchange. */
  toClose: string[] = [];

  constructor(size: number) {
    this.size = size;
  }

  get count(): number {
    return this.#byText.size;
  }

  get(text: string): Prepared | undefined {
    const found = this.#byText.get(text);
    if (found) found.used = true;
    return found;
  }

  /** Registers a statement that `owner` is about to Parse. Names are never used twice, so an old Close cannot hit a new statement. */
  add(text: string, owner: object): Prepared {
    if (this.#byText.size >= this.size) this.#evictOne();
    const name = `${this.#prefix}${++this.#serial}`;
    const prepared: Prepared = {
      name,
      text,
      bind: bindPrefix(name),
      fields: null,
      confirmed: false,
      owner,
      used: false,
    };
    this.#byText.set(text, prepared);
    return prepared;
  }

  /** Forgets a statement that failed or went stale; its name is closed on the server before the next exchange. */
  evict(prepared: Prepared): void {
    if (this.#byText.get(prepared.text) !== prepared) return;
    this.#byText.delete(prepared.text);
    this.toClose.push(prepared.name);
  }

  /** Forgets every statement: somebody dropped or replaced them. Names that the server still knows are closed. */
  evictAll(): void {
    for (const prepared of [...this.#byText.values()]) this.evict(prepared);
  }

  #evictOne(): void {
    for (const [text, prepared] of this.#byText) {
      this.#byText.delete(text);
      if (prepared.used) {
        prepared.used = false;
        this.#byText.set(text, prepared);
      } else {
        this.toClose.push(prepared.name);
        return;
      }
    }
  }
}
