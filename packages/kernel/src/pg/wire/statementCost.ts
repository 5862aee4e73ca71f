/**
 * What PostgreSQL keeps of a statement that is prepared, by the length of its text: for those that were not weighed (`weighing.ts`).
 * Measured on 17 with `pg_backend_memory_contexts` over reads with 25 to 700 related tables (6 to 163 KB of text): 0.4, 0.8, 2.5, 9,
 * 17 and 76 MB. Those without a join keep a quarter. While it is planned a long one takes five times of that, in seconds: 45 MB at
 * 46 KB, 437 MB at 163 KB.
 */
import type { Exchange, Sql } from '../types.ts';

/** A longer text is large: it gets no name, and few such run at once. */
export const largeLength = 16_384;

/** Bytes, roughly. Pure. */
export function keptBytes(text: string): number {
  return Math.round(4096 + 65 * text.length + (text.length * text.length) / 350);
}

export const isLarge = ({ text }: Sql): boolean => text.length > largeLength;

/** What the large statements of an exchange cost, in bytes; 0 where it has none. Pure. */
export function largeBytes({ statements }: Exchange): number {
  let bytes = 0;
  for (const statement of statements) if (isLarge(statement)) bytes += keptBytes(statement.text);
  return bytes;
}
