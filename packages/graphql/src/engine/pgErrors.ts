/** What PostgreSQL refuses, in the reference's words. */
import { ConnectionError, LargeResultError, type PgError, PoolTimeoutError } from '@peakstone/kernel/pg';
import { type ErrorCode, HasuraError, type Path } from '../errors.ts';

/** Violations of constraints by SQLSTATE: what stands before the server's own message. */
const violations: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '23001': ['constraint-violation', 'Can not delete or update due to data being referred. '],
  '23502': ['constraint-violation', 'Not-NULL violation. '],
  '23503': ['constraint-violation', 'Foreign key violation. '],
  '23505': ['constraint-violation', 'Uniqueness violation. '],
  '23514': ['permission-error', 'Check constraint violation. '],
  '23P01': ['constraint-violation', 'Exclusion violation. '],
};

export interface Failed {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly path: Path;
}

/** An error of a statement as a refusal; what no client can have caused is an internal one. Pure. */
export function fromPgError(error: PgError, failed: Failed, kind: 'query' | 'mutation'): HasuraError {
  const { code, message } = error;
  const { path } = failed;
  const internal = {
    statement: failed.text,
    prepared: true,
    error: {
      exec_status: 'FatalError',
      hint: error.fields.hint ?? null,
      message,
      status_code: code,
      description: error.fields.detail ?? null,
    },
    arguments: failed.values.map(value => String(value)),
  };
  // What a client can have caused says so by itself; the rest is shown to the administrator.
  const options = { path, cause: error };
  const violation = violations[code];
  if (violation) return new HasuraError(violation[0], violation[1] + message, options);
  // Functions of users refuse by classes of their own, as PostgreSQL's manual suggests.
  if (code.startsWith('22'))
    return new HasuraError(code === '22025' ? 'bad-request' : 'data-exception', message, options);
  if (kind === 'mutation' && code.startsWith('23'))
    return new HasuraError('constraint-violation', message, options);
  if (kind === 'mutation' && code === '42P10')
    return new HasuraError(
      'constraint-error',
      'there is no unique or exclusion constraint on target column(s)',
      options,
    );
  if (code === '40001')
    return new HasuraError('concurrent-update', 'serialization failure due to concurrent update', options);
  if (code === '42501') return new HasuraError('permission-denied', message, options);
  if (code === '57014') return new HasuraError('timeout', message, options);
  return new HasuraError('unexpected', 'database query error', { ...options, internal });
}

/** What stands in the way of the database. */
export function fromConnectionError(error: unknown, path: Path): HasuraError | null {
  if (error instanceof PoolTimeoutError)
    return new HasuraError('unexpected', 'connection pool timeout', { path, cause: error, status: 503 });
  if (error instanceof LargeResultError) return fromLargeResult(error, path);
  if (error instanceof ConnectionError)
    return new HasuraError('unexpected', 'connection error', { path, cause: error, status: 503 });
  return null;
}

const askForLess =
  'ask for fewer rows (limit, where) or fields; PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES is the limit';

function fromLargeResult(error: LargeResultError, path: Path): HasuraError {
  const { reason, bytes, maxBytes } = error;
  const options = { path, cause: error };
  switch (reason) {
    case 'size': {
      const size = bytes === null ? `more than ${maxBytes}` : bytes;
      return new HasuraError(
        'bad-request',
        `the answer has ${size} bytes; at most ${maxBytes} are given: ${askForLess}`,
        options,
      );
    }
    case 'turn':
      return new HasuraError(
        'unexpected',
        'large answers to other requests take all the memory that they may',
        { ...options, status: 503 },
      );
    case 'memory':
      return new HasuraError(
        'bad-request',
        `PostgreSQL has no memory for the answer, or for a value that it is made from: ${askForLess}, beside DATABASE_SESSION_MEMORY_MB of one session`,
        options,
      );
  }
}
