/** How the exchanges of a pool are run by what they give: small, unbounded where that is known; large, a few at a time. */
import { LargeResultError } from '../errors.ts';
import type { Exchange, Result } from '../types.ts';
import { LargeAnswers } from './largeAnswers.ts';
import { SmallAnswers } from './smallAnswers.ts';

type Run = (exchange: Exchange) => Promise<readonly Result[]>;

export class Answers {
  readonly #small = new SmallAnswers();
  readonly #large: LargeAnswers;

  /** @param maxResultBytes of any result; undefined where they are not bounded */
  constructor(maxResultBytes: number | undefined, patienceMs: number) {
    this.#large = new LargeAnswers(maxResultBytes ?? null, patienceMs);
  }

  /** @throws {LargeResultError} */
  run(exchange: Exchange, run: Run): Promise<readonly Result[]> {
    const chosen = this.#small.choose(exchange);
    return run(chosen).then(
      results => {
        this.#small.note(exchange, results);
        return results;
      },
      error => {
        if (error instanceof LargeResultError) this.#small.note(exchange, null);
        return this.#large.goOn(error, chosen, run);
      },
    );
  }

  /** The error in words of answers, if it is about one. Pure. */
  named(error: unknown, exchange: Exchange): unknown {
    return this.#large.named(error, exchange);
  }
}
