import { ConnectionError, createPool, PgError, type PgNotice, PoolTimeoutError } from '@peakstone/kernel/pg';
import { DatabaseError } from './errors.ts';

/** One administrative connection: text in, text out, statements in the order they are given. */
export interface SqlClient {
  /** One statement with parameters; rows as text. @throws {PgError} */
  query(text: string, values?: readonly (string | null)[]): Promise<(string | null)[][]>;
  /** Many statements, in one transaction unless they say otherwise. @throws {PgError} */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects lazily, on the first statement.
 * @param onNotice NOTICE and WARNING of `query`.
 */
export function connect(url: string, onNotice?: (notice: PgNotice) => void): SqlClient {
  const pool = createPool({
    url,
    size: 1,
    sharedSize: 0,
    statementCacheSize: 0,
    acquireTimeoutMs: 30_000,
    parameters: { application_name: 'peakstone' },
  });
  return {
    async query(text, values = []) {
      const [result] = await pool.exchange({
        statements: [{ text, values, prepare: false }],
        ...(onNotice && { onNotice }),
      });
      return (result?.rows ?? []).map(row => row.map(cell => cell?.toString() ?? null));
    },
    async script(text) {
      await pool.script(text);
    },
    close: () => pool.close(),
  };
}

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
