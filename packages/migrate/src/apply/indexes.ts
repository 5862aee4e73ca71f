/** An index whose CREATE INDEX CONCURRENTLY failed stays, invalid, and IF NOT EXISTS takes it for the one that is wanted. */
import { quoteLiteral } from '@peakstone/kernel/pg';
import { leadingComments } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import { type Ask, rowsOf } from '../revisions/index.ts';

const creating =
  /^create\s+(?:unique\s+)?index\s+concurrently\s+(if\s+not\s+exists\s+)?("(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/i;

/** The index that a statement makes concurrently, as the catalog names it; null for others. Pure. */
function concurrentIndex(text: string): { readonly name: string; readonly ifNotExists: boolean } | null {
  const match = creating.exec(text.slice(leadingComments(text)));
  if (!match) return null;
  const [, guard, word] = match as unknown as [string, string | undefined, string];
  // CREATE INDEX CONCURRENTLY ON t: it has no name of its own.
  if (/^on$/i.test(word)) return null;
  const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
  return { name, ifNotExists: guard !== undefined };
}

/** How the index is named in SQL when it is there and invalid; null when it isn't, or the statement makes none. */
export async function findInvalidIndex(ask: Ask, text: string): Promise<string | null> {
  const index = concurrentIndex(text);
  if (index === null) return null;
  const [row] = await rowsOf(
    ask,
    `select i.indexrelid::regclass from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relname = ${quoteLiteral(index.name)} and not i.indisvalid`,
  );
  return row?.[0] ?? null;
}

/** @throws {MigrateError} `refused` where IF NOT EXISTS would accept what a failed attempt has left. */
export async function assertNoInvalidIndex(ask: Ask, text: string, place: string): Promise<void> {
  if (concurrentIndex(text)?.ifNotExists !== true) return;
  const left = await findInvalidIndex(ask, text);
  if (left === null) return;
  throw new MigrateError(
    'refused',
    `${place}: index ${left} is there, but invalid: a CREATE INDEX CONCURRENTLY that failed has left it, and IF NOT EXISTS would take it for done.`,
    `Remove it, and apply again: ${dropSql(left)}`,
  );
}

/** Pure. */
export function dropSql(index: string): string {
  return `drop index concurrently ${index}`;
}
