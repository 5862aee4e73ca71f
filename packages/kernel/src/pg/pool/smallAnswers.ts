/**
 * Statements whose answers have been small so far, and have few rows whatever they are asked for: these run without their bound,
 * which costs a tenth of a small one. What such a statement gives none the less, as its rows have become long, is bounded as a
 * long value is: by a session's memory.
 */
import { BoundedCache } from '../../boundedCache.ts';
import type { Exchange, Result, Statement } from '../types.ts';

/** What a small answer has at most, and how many in a row make a statement one of those that give such. */
const smallBytes = 65_536;
const trustedAfter = 8;

const maxTexts = 4096;
const maxTextBytes = 4 * 1024 * 1024;

export class SmallAnswers {
  /** By text: how many answers in a row were small. */
  readonly #small = new BoundedCache<number>({ maxEntries: maxTexts, maxBytes: maxTextBytes });

  /** The exchange as it is to be run. */
  choose(exchange: Exchange): Exchange {
    if (!exchange.statements.some(statement => this.#isTrusted(statement))) return exchange;
    const statements = exchange.statements.map(
      (statement): Statement =>
        statement.plain !== undefined && this.#isTrusted(statement)
          ? { ...statement, text: statement.plain }
          : statement,
    );
    return { ...exchange, statements };
  }

  /** What the exchange, as it was before it was chosen from, gave; null where that was too large to be taken. */
  note({ statements }: Exchange, results: readonly Result[] | null): void {
    for (const [i, { text, plain }] of statements.entries()) {
      if (plain === undefined) continue;
      const isSmall = results !== null && bytesOf(results[i]) <= smallBytes;
      const before = this.#small.get(text) ?? 0;
      const now = isSmall ? Math.min(trustedAfter, before + 1) : 0;
      if (now !== before) this.#small.set(text, now, 100 + text.length);
    }
  }

  #isTrusted({ text, plain }: Statement): boolean {
    return plain !== undefined && this.#small.get(text) === trustedAfter;
  }
}

function bytesOf(result: Result | undefined): number {
  let bytes = 0;
  for (const row of result?.rows ?? []) for (const cell of row) bytes += cell?.length ?? 0;
  return bytes;
}
