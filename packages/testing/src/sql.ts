import { createPool, type PgNotice } from '@peakstone/kernel/pg';

/** One connection as people have it, with the usual search path: text in, text out, statements in the order they are given. */
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
