/** What to do when the schema has changed since the catalog was read: compile once more, from a catalog that knows. */
import { PgError, type Pool, TRUST_CATALOG_ONLY } from '@peakstone/kernel/pg';
import type { Compiled } from '../compile.ts';
import type { RestCall } from '../context.ts';

/**
 * What PostgreSQL says of statements made for other types: no such function or operator, mismatched or uncastable types. A
 * relation or column that is gone is not among them: there the reference, too, answers with what the database says.
 */
const mismatchCodes: ReadonlySet<string> = new Set(['42883', '42725', '42804', '42846', '42P18', '42704']);

/**
 * The call with a newer catalog when `error` says that types are not what `compiled` took them for, and they are not. Null when
 * the error is the request's own. Nothing was written: an error rolls all back.
 */
export async function renewCall(
  error: unknown,
  compiled: Compiled,
  call: RestCall,
): Promise<RestCall | null> {
  if (!(error instanceof PgError) || !mismatchCodes.has(error.code)) return null;
  // Raised by a function of the user's while it ran.
  if (error.fields.where !== undefined) return null;
  const catalog = await call.renewCatalog(call.catalog, () => isBehind(compiled, call.pool));
  return catalog && { ...call, catalog };
}

/** Whether the function called, or a column of the relation, is another than it was. */
async function isBehind(compiled: Compiled, pool: Pool): Promise<boolean> {
  if (compiled.kind === 'call') {
    const { schema, name, oid } = compiled.routine;
    const text = `select coalesce(pg_catalog.bool_and(p.oid <> $3::oid), false)
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = $2`;
    const [row] = await ask(pool, text, [schema, name, String(oid)]);
    return row?.[0] === 't';
  }
  const { schema, name, columns } = compiled.table;
  const text = `select a.attname, a.atttypid from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`;
  const rows = await ask(pool, text, [schema, name]);
  return rows.some(([column, type]) => String(columns.get(column ?? '')?.typeOid) !== type);
}

async function ask(pool: Pool, text: string, values: readonly string[]): Promise<(string | undefined)[][]> {
  const [, result] = await pool.exchange({ statements: [TRUST_CATALOG_ONLY, { text, values }] });
  return result!.rows.map(row => row.map(cell => cell?.toString()));
}
