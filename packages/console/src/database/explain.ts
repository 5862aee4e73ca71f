import { ConnectionError, PgError, PoolTimeoutError } from '@peakstone/kernel/pg';
import { Refusal } from '../refusal.ts';

/** SQLSTATEs of a statement that was stopped: by a time-out, or by whoever asked. */
const STOPPED = '57014';

/**
 * What the database says of a statement as a refusal to show; anything else is a fault of ours and stays what it is.
 * @param text the statement as the operator wrote it, where positions in it mean something
 */
export function explain(error: unknown): unknown {
  if (error instanceof PgError) {
    const { code, message, detail, hint, position } = error.fields;
    return new Refusal(code === STOPPED ? 'late' : 'refused', message, hint, {
      sqlState: code,
      ...(detail !== undefined && { detail }),
      ...(position !== undefined && { position: Number(position) }),
    });
  }
  if (error instanceof PoolTimeoutError)
    return new Refusal(
      'busy',
      'All of the console’s connections are at work',
      'Wait for what runs, or cancel it.',
    );
  if (error instanceof ConnectionError)
    return new Refusal(
      'unreachable',
      'The database cannot be reached',
      'It is asked again by itself: peakstone status',
    );
  return error;
}
