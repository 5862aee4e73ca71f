/** Why what the database has to agree to cannot be; each door says it in its own words. */
import { ConnectionError, PgError, PoolTimeoutError } from '@peakstone/kernel/pg';

export type RecordReason =
  /** It is there already. */
  | 'duplicate'
  | 'tooLarge'
  | 'mimeType'
  /** Something else refers to it, or it is not empty. */
  | 'referenced'
  /** Nothing is known of its bucket. */
  | 'noBucket'
  | 'denied'
  /** A trigger of the application's said no, in its own words. */
  | 'refused'
  | 'unreachable'
  | 'failed';

export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly reason: RecordReason;

  constructor(reason: RecordReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

const byState: Readonly<Record<string, RecordReason>> = {
  '23505': 'duplicate',
  '23503': 'referenced',
  '42501': 'denied',
  // RAISE in somebody's trigger.
  P0001: 'refused',
};

/** What the database threw, by what it means; anything else as it is. */
export function explain(error: unknown): unknown {
  if (error instanceof ConnectionError || error instanceof PoolTimeoutError)
    return new RecordError('unreachable', (error as Error).message, error);
  if (!(error instanceof PgError)) return error;
  return new RecordError(byState[error.code] ?? 'failed', error.message, error);
}

/** The database could not be asked, and what was asked may have been done all the same. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof RecordError && error.reason === 'unreachable';
}
