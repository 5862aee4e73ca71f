/**
 * Statements that may give more than most do: they run anew with their higher bound, few at a time, so that what all of them take of
 * the server's memory is bounded, too.
 */
import { isOutOfValueMemory, isTooLarge, mayBeLarger } from '../answerBound.ts';
import { LargeResultError, PgError, PoolTimeoutError } from '../errors.ts';
import type { Exchange, Statement } from '../types.ts';
import { createTurns, type Turns } from './turns.ts';

/** Each takes the server about five times its bytes. */
const atOnce = 2;

export class LargeAnswers {
  readonly #maxResultBytes: number | null;
  readonly #turns: Turns;

  /** @param maxResultBytes of any result of the pool; null where it is not bounded */
  constructor(maxResultBytes: number | null, patienceMs: number) {
    this.#maxResultBytes = maxResultBytes;
    this.#turns = createTurns(atOnce, patienceMs);
  }

  /**
   * What became of an exchange that failed: it has rolled back whatever it did. `run` runs it anew.
   * @throws {LargeResultError} it is too large. @throws `error`, where it is not about that.
   */
  async goOn<T>(error: unknown, exchange: Exchange, run: (exchange: Exchange) => Promise<T>): Promise<T> {
    if (!(error instanceof PgError)) throw error;
    const failed = exchange.statements[error.statement ?? -1];
    if (!failed?.large || !mayBeLarger(failed, error)) throw this.named(error, exchange);
    const large = asLarge(exchange);
    try {
      return await this.#turns.run('answers', () => run(large), exchange.signal);
    } catch (again) {
      if (!(again instanceof PoolTimeoutError)) throw this.named(again, large);
      throw new LargeResultError('turn', failed.large.maxBytes);
    }
  }

  /** The error in words of answers, if it is about one. Pure. */
  named(error: unknown, { statements }: Exchange): unknown {
    if (!(error instanceof PgError)) return error;
    const failed = statements[error.statement ?? -1];
    if (failed?.large && isTooLarge(failed, error))
      return new LargeResultError('size', failed.large.maxBytes, { cause: error });
    const most = this.#maxResultBytes;
    if (most === null || !isOutOfValueMemory(error)) return error;
    return new LargeResultError('memory', most, { cause: error });
  }
}

/** The exchange with its higher bounds, on a connection of its own. Pure. */
export function asLarge(exchange: Exchange): Exchange {
  const statements = exchange.statements.map(
    (statement): Statement => (statement.large ? { ...statement, text: statement.large.text } : statement),
  );
  return { ...exchange, statements, lane: 'own' };
}
