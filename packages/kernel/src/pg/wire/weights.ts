/** What is known of the statements of a pool: what PostgreSQL keeps of each once it is prepared, as `weighing.ts` asks it. */
import { BoundedCache } from '../../boundedCache.ts';
import type { PgError } from '../errors.ts';
import type { Exchange } from '../types.ts';
import { keptBytes } from './statementCost.ts';

/** The first release whose EXPLAIN tells of memory. */
const tellingRelease = 17;
/** What has a plan. */
const planned = /^[\s(]*(?:select|with|insert|update|delete|merge|values|table)\b/i;

export const noSuchStatement = '26000';
/** Classes of errors that say nothing of the statement: conflicts, resources, locks, cancels and time-outs. */
const passing = /^(?:40|53|55|57)/;

/** Runs of a heavy statement cost its connection this share of what it would keep: the process grows a little with each. */
const strainShare = 1 / 64;

const maxTexts = 4096;
const maxTextBytes = 4 * 1024 * 1024;

/** What all connections of a pool know of their statements. */
export class StatementWeights {
  readonly #bytes = new BoundedCache<number>({ maxEntries: maxTexts, maxBytes: maxTextBytes });
  readonly #heavy = new BoundedCache<number>({ maxEntries: maxTexts, maxBytes: maxTextBytes });
  readonly #maxBytes: number;

  /** What keeps more than `maxBytes` is heavy: it gets no name, and few such run at once. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes; undefined for what was not weighed. */
  of(text: string): number | undefined {
    return this.#bytes.get(text);
  }

  set(text: string, bytes: number): void {
    this.#bytes.set(text, bytes, 100 + text.length);
    if (this.isHeavy(bytes)) this.#heavy.set(text, bytes, 100 + text.length);
  }

  isHeavy(bytes: number): boolean {
    return bytes > this.#maxBytes;
  }

  /** What the heavy statements of an exchange cost, in bytes; 0 where it has none. */
  strainBytes({ statements }: Exchange): number {
    if (this.#heavy.size === 0) return 0;
    let bytes = 0;
    for (const { text } of statements) bytes += this.#heavy.get(text) ?? 0;
    return bytes * strainShare;
  }

  /** Whether the text is to be weighed by a server that calls itself so, such as `17.2 (Debian 17.2-1)`. */
  lacks(text: string, serverVersion: string | undefined): boolean {
    if (this.of(text) !== undefined) return false;
    return Number.parseInt(serverVersion ?? '', 10) >= tellingRelease && planned.test(text);
  }

  /**
   * What could not be weighed gets no name, such as what takes no null. Where no statement of its name was found, somebody has
   * dropped it, or a pooler names statements in its own way: there the text has to do.
   */
  refused(text: string, { code }: PgError): void {
    if (passing.test(code)) return;
    const bytes = code === noSuchStatement ? keptBytes(text) : this.#maxBytes + 1;
    this.#bytes.set(text, bytes, 100 + text.length);
  }

  /** The schema may have changed, and with it what any text stands for. */
  clear(): void {
    this.#bytes.clear();
    this.#heavy.clear();
  }
}
