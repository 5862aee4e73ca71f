import { ConnectionError, PgError, PoolTimeoutError } from '@peakstone/kernel/pg';
import { DatabaseError } from './errors.ts';

/** The SQLSTATE of what PostgreSQL said, wherever it stands in the chain of causes. */
export function sqlState(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof PgError) return at.code;
  }
  return undefined;
}

/** Why a login failed, and what to do; anything that is not about connecting is returned as it is. */
export function explainConnection(error: unknown): unknown {
  if (!(error instanceof ConnectionError || error instanceof PoolTimeoutError)) return error;
  const state = sqlState(error);
  if (state?.startsWith('28')) {
    return new DatabaseError(
      'AUTHENTICATION_FAILED',
      `PostgreSQL refuses the login: ${error.message}`,
      'Check the user and the password in the URL.',
      error,
    );
  }
  return new DatabaseError(
    'UNREACHABLE',
    `PostgreSQL cannot be reached: ${error.message}`,
    'Check host, port and database in the URL, and that the server runs.',
    error,
  );
}
