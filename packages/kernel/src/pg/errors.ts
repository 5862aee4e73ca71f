import type { PgErrorFields } from './types.ts';

/** What PostgreSQL refused, with every field of its ErrorResponse. */
export class PgError extends Error {
  override readonly name = 'PgError';
  readonly fields: PgErrorFields;
  /** Which of the exchange's statements failed, from 0; their number when its begin or end did, null outside an exchange. */
  statement: number | null = null;
  constructor(fields: PgErrorFields) {
    super(fields.message);
    this.fields = fields;
  }
  /** SQLSTATE. */
  get code(): string {
    return this.fields.code;
  }
}

/** The server cannot be reached, or the connection broke; whether a running exchange took effect is unknown. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** A {@link ConnectionError} of a connection that broke under an exchange, rather than one that could not be made. */
export class ConnectionLostError extends ConnectionError {}

/** No connection became free in time. */
export class PoolTimeoutError extends Error {
  override readonly name = 'PoolTimeoutError';
}

/**
 * `size`: larger than the pool takes. `turn`: there is no room for it beside others at this moment. `memory`: PostgreSQL has no
 * room for it, or for a value that it is made from; `cause` says what it was short of.
 */
export type LargeReason = 'size' | 'turn' | 'memory';

export interface LargeResultOptions {
  /** Of the part that there was no room for any more: of a row that begins, or of all rows up to it. Null where it was not made. */
  readonly bytes?: number | null;
  readonly cause?: PgError;
}

/** A result is too large: its exchange was given up, and rolled back. */
export class LargeResultError extends Error {
  override readonly name = 'LargeResultError';
  readonly reason: LargeReason;
  readonly maxBytes: number;
  readonly bytes: number | null;
  constructor(reason: LargeReason, maxBytes: number, { bytes = null, cause }: LargeResultOptions = {}) {
    super(largeMessage(reason, maxBytes, bytes), cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.maxBytes = maxBytes;
    this.bytes = bytes;
  }
}

function largeMessage(reason: LargeReason, maxBytes: number, bytes: number | null): string {
  switch (reason) {
    case 'size':
      return `A result of ${bytes ?? 'more'} bytes is larger than the ${maxBytes} that are taken`;
    case 'turn':
      return `Large results of others take all that they may, ${maxBytes} bytes each`;
    case 'memory':
      return 'The server has no memory for a result, or for a value that it is made from';
  }
}
