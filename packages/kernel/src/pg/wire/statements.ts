import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Field } from '../types.ts';
import { bindPrefix } from './frontend.ts';
import { keptBytes, largeLength } from './statementCost.ts';
import type { StatementWeights } from './weights.ts';

/** A named statement of one connection. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
  /** What the server keeps for it, by estimate. */
  bytes: number;
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

/** Texts seen once that are told apart. */
const seenSlots = 1024;

/** What the server reads into its caches for a table that it has not met before, with its columns and index: it forgets none. */
const tableBytes = 36 * 1024;

/**
 * The statements a connection keeps prepared: at most `size`, and at most about `maxBytes` of what PostgreSQL holds for them.
 * Only what comes again is kept. Eviction gives each recently used one a second chance, which unlike a strict order costs a
 * hit nothing but a flag.
 */
export class StatementCache {
  readonly size: number;
  readonly #maxBytes: number;
  /** Known to all connections of a pool. */
  readonly weights: StatementWeights;
  readonly #byText = new Map<string, Prepared>();
  /** Hashes of texts that were sent once, each in the one slot that it has. */
  readonly #seen = new Uint32Array(seenSlots);
  #bytes = 0;
  /** Statements that functions prepare by SQL share the namespace; theirs must not meet ours by accident. */
  readonly #prefix = `p${randomBytes(6).toString('hex')}_`;
  #serial = 0;
  /** What texts that were new here may have cost the server process for good, by estimate: each can be of tables that it had not met. */
  newBytes = 0;
  /** Names to Close before the next exchange. */
  toClose: string[] = [];

  constructor(size: number, maxBytes: number, weights: StatementWeights) {
    this.size = size;
    this.#maxBytes = maxBytes;
    this.weights = weights;
  }

  get count(): number {
    return this.#byText.size;
  }

  /** What the server keeps for them, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `text` is worth a name: not the first time it is asked for, and never where it is large or keeps very much. */
  admits(text: string): boolean {
    if (this.size === 0 || text.length > largeLength) return false;
    const weight = this.weights.of(text) ?? 0;
    const hash = hashOf(text);
    const slot = hash % seenSlots;
    const isSeen = this.#seen[slot] === hash;
    if (!isSeen) this.newBytes += Math.max(tableBytes, weight);
    const admits = isSeen && !this.weights.isHeavy(weight);
    this.#seen[slot] = admits ? 0 : hash;
    return admits;
  }

  get(text: string): Prepared | undefined {
    const found = this.#byText.get(text);
    if (found) found.used = true;
    return found;
  }

  /** Registers a statement that `owner` is about to Parse. Names are never used twice, so an old Close cannot hit a new statement. */
  add(text: string, owner: object): Prepared {
    const bytes = this.weights.of(text) ?? keptBytes(text);
    while (
      this.#byText.size > 0 &&
      (this.#byText.size >= this.size || this.#bytes + bytes > this.#maxBytes)
    ) {
      this.#evictOne();
    }
    this.#bytes += bytes;
    const name = `${this.#prefix}${++this.#serial}`;
    const prepared: Prepared = {
      name,
      text,
      bytes,
      bind: bindPrefix(name),
      fields: null,
      confirmed: false,
      owner,
      used: false,
    };
    this.#byText.set(text, prepared);
    return prepared;
  }

  /** What the server keeps of `text`, which may have a name here, is known from now on. */
  weigh(text: string, bytes: number): void {
    this.weights.set(text, bytes);
    const prepared = this.#byText.get(text);
    if (!prepared) return;
    if (this.weights.isHeavy(bytes)) {
      this.#forget(prepared);
      return;
    }
    this.#bytes += bytes - prepared.bytes;
    prepared.bytes = bytes;
    while (this.#bytes > this.#maxBytes) this.#evictOne();
  }

  /** Forgets a statement that failed or went stale; its name is closed on the server before the next exchange. */
  evict(prepared: Prepared): void {
    if (this.#byText.get(prepared.text) !== prepared) return;
    this.#forget(prepared);
  }

  /** Forgets every statement: somebody dropped or replaced them. Names that the server still knows are closed. */
  evictAll(): void {
    for (const prepared of [...this.#byText.values()]) this.evict(prepared);
  }

  #evictOne(): void {
    for (const [text, prepared] of this.#byText) {
      if (prepared.used) {
        prepared.used = false;
        this.#byText.delete(text);
        this.#byText.set(text, prepared);
      } else {
        this.#forget(prepared);
        return;
      }
    }
  }

  #forget(prepared: Prepared): void {
    this.#byText.delete(prepared.text);
    this.#bytes -= prepared.bytes;
    this.toClose.push(prepared.name);
  }
}

/** FNV-1a, never 0. Two texts of one hash only cost the later one a name the first time it comes. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}
