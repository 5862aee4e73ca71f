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

/** A result is larger than the pool takes, or there is no room for it beside others: its exchange was given up, and rolled back. */
export class LargeResultError extends Error {
  override readonly name = 'LargeResultError';
  /** Of the part that there was no room for any more: of a row that begins, or of all rows up to it. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** It would have been taken with less under way. */
  readonly isForNow: boolean;
  constructor(bytes: number, maxBytes: number, isForNow: boolean) {
    super(
      isForNow
        ? `The results under way take all of the ${maxBytes} bytes that they may`
        : `A result of ${bytes} bytes is larger than the ${maxBytes} that are taken`,
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
    this.isForNow = isForNow;
  }
}
