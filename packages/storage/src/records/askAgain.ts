/** Whoever began to send a body is asked for again when its object is written. */
import type { Sql } from '@peakstone/kernel/pg';
import type { RecordCaller } from '../store/changes.ts';
import { service, type Trial } from './database.ts';
import { RecordError } from './errors.ts';

/** As long as tokens usually live: a body may take longer than the token that it came with, but not for days. */
const graceMs = 3_600_000;

/**
 * What has to succeed beside the statement, in its transaction; undefined: nothing, for row security does not hold.
 * @throws {RecordError} denied: its token has ended long since
 */
export function askAgain(by: RecordCaller | undefined, statement: Sql): Trial | undefined {
  if (by === undefined) return undefined;
  const { exp } = JSON.parse(by.claimsJson) as { readonly exp?: unknown };
  if (typeof exp === 'number' && exp * 1000 + graceMs < Date.now())
    throw new RecordError('denied', '"exp" claim timestamp check failed');
  return by.role === service.role ? undefined : { caller: by, asked: by.asked, statement };
}
