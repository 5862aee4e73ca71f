import type { Result } from '@peakstone/kernel/pg';
import type { Revision } from './revision.ts';

/** One who asks the server something. */
export type Ask = (sql: string) => Promise<readonly Result[]>;

/** Where a database remembers its migrations. Each tool has a table of its own, which is kept as that tool does. */
export interface History {
  /** As people write it. */
  readonly table: string;
  /** Its schema, and its name in there: both are no sign that somebody else uses the database. */
  readonly schema: string;
  readonly name: string;
  /** Whether it can hold a migration that has been applied in part. */
  readonly keepsParts: boolean;
  /** In the order of their versions; null where there is no table. */
  read(ask: Ask): Promise<readonly Revision[] | null>;
  /** Makes the table where it is missing. */
  prepare(ask: Ask): Promise<void>;
  /** SQL that puts a revision in, or in place of the one of its version; run together with what it tells of. Pure. */
  write(revision: Revision, statements: readonly string[]): string;
  /** SQL that takes one out. Pure. */
  remove(version: string): string;
}

/** The cells of the last result as texts. */
export async function rowsOf(ask: Ask, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const results = await ask(sql);
  return (results.at(-1)?.rows ?? []).map(row => row.map(cell => (cell === null ? null : cell.toString())));
}
