/**
 * How large JSON may become that PostgreSQL makes of rows: told in the statement itself, so that it stops at the row with which
 * there is too much. Otherwise a size is known only when the whole value is built, in five times its bytes of a server process.
 *
 * Beside `json_agg` over rows stands a sum of their sizes, scaled so that it overflows at the bound: the one thing that aggregates
 * of PostgreSQL's own refuse in the midst of their rows. Measured: 0.25 µs a row. `text` bounds by `float8`, `large` by `interval`,
 * so that who is refused by both was not refused by an overflow of the user's own, which is the same each time.
 */
import type { PgError } from './errors.ts';
import type { Sql, Statement } from './types.ts';

/** Stands for the factor until it is known how many arrays share the bytes; SQL cannot hold it. */
const hole = '\0';

/** Of the largest answer: what is taken without a turn among the large ones. */
export const smallShare = 1 / 16;

/** Largest values of `float8` and, in seconds, of `interval`. */
const mostFloat = Number.MAX_VALUE;
const mostSeconds = 9.22e12;

/** Bounds the arrays of one statement. */
export class AnswerBound {
  readonly #maxBytes: number;
  #arrays = 0;

  /** @param maxBytes of each array, and a share of it of all together before `large` is asked for */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * An expression over the same rows as `json_agg(json)`, which calls PostgreSQL's own alone; null where there are none. `json` should be a column of a subquery that
   * PostgreSQL does not dissolve (`offset 0`), or it is made twice. `filter` stands behind both aggregates.
   */
  sum(json: string, filter = ''): string {
    this.#arrays++;
    return `pg_catalog.to_json(pg_catalog.sum(pg_catalog.pg_column_size(${json}) operator(pg_catalog.*) ${hole})${filter})`;
  }

  /** Text with sums, as it is run. Pure. */
  finish(text: string): Pick<Sql, 'text' | 'large'> {
    if (this.#arrays === 0) return { text };
    const maxBytes = this.#maxBytes;
    const small = mostFloat / ((maxBytes * smallShare) / this.#arrays);
    const large = `('${mostSeconds / maxBytes}'::float8 operator(pg_catalog.*) '1 second'::interval)`;
    return {
      text: text.replaceAll(hole, `'${small}'::float8`),
      large: { text: text.replaceAll(hole, large), maxBytes },
    };
  }
}

/** Whether the statement may have ended for its `text` to have given what it may. Pure. */
export function mayBeLarger({ large }: Statement, { code, fields }: PgError): boolean {
  return large !== undefined && code === '22003' && fields.routine === 'float_overflow_error';
}

const intervalRoutines: ReadonlySet<string | undefined> = new Set([
  'finite_interval_pl',
  'interval_pl',
  'interval_mul',
]);

/** Whether a statement that was run as its `large` has ended for its size. Pure. */
export function isTooLarge({ large }: Statement, { code, fields }: PgError): boolean {
  return large !== undefined && code === '22008' && intervalRoutines.has(fields.routine);
}

/** A request for memory that is one for a long value. */
const longBytes = 1024 * 1024;
/** Where PostgreSQL keeps what rows and aggregates are made of, and what it sends; not its hashes, sorts, plans and functions. */
const valueContexts =
  /^Failed on request of size (\d+) in memory context "(?:ExprContext|ExecutorState|PortalContext|printtup|MessageContext)"/;
/** Of values, not of statements and rows. */
const valueRoutines: ReadonlySet<string | undefined> = new Set([
  'enlargeStringInfo',
  'convertJsonbArray',
  'convertJsonbObject',
  'checkStringLen',
]);

/**
 * Whether there was no room for a value, rather than for what else a statement takes: over a session's memory (53200), or over
 * what PostgreSQL's buffers hold (54000). Pure.
 */
export function isOutOfValueMemory({ code, fields }: PgError): boolean {
  if (code === '54000') return valueRoutines.has(fields.routine);
  const request = code === '53200' ? valueContexts.exec(fields.detail ?? '') : null;
  return request !== null && Number(request[1]) >= longBytes;
}
