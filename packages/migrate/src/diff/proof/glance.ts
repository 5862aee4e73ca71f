/**
 * A mark of what each table holds, by which two databases that were one are told apart table by table: a statement of a few
 * words for each, so that a thousand tables cost a second. Where the marks differ, `count.ts` says what became of the rows.
 */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { arrayLiteral, createPrivilegedPool, quoteLiteral as literal, type Pool } from '@peakstone/kernel/pg';
import { quoteKey } from '../step.ts';

/** By oid, which a table keeps under another name and in a copy. */
export type Marks = ReadonlyMap<string, string>;

/** Asked for together. */
const BATCH = 50;
/** Sessions that ask at once. */
const SESSIONS = 2;

const TABLES = `
select c.oid, n.nspname || '.' || c.relname,
  (select json_agg(json_build_array(a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated) order by a.attnum)
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  coalesce(owned.sequences, '[]'::json)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join (
  select d.refobjid, json_agg(s.oid::regclass order by s.oid) as sequences
  from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') group by 1
) owned on owned.refobjid = c.oid
where c.relkind = 'r' and ${isNotPostgres('n.nspname')} and not n.nspname = any ($1::text[])`;

interface Table {
  readonly oid: string;
  readonly key: string;
  readonly columns: string;
  readonly sequences: readonly string[];
}

/** @param url of whoever migrates: what turns their values into texts is theirs */
export async function markTables(url: string, ignoredSchemas: readonly string[]): Promise<Marks> {
  const pools = Array.from({ length: SESSIONS }, () =>
    createPrivilegedPool({ url, name: 'peakstone proof' }),
  );
  try {
    const { rows } = await pools[0]!.query(TABLES, [arrayLiteral(ignoredSchemas)]);
    const left = rows.map(([oid, key, columns, sequences]) => ({
      oid: String(oid),
      key: String(key),
      columns: String(columns),
      sequences: JSON.parse(String(sequences)) as string[],
    }));
    const marks = new Map<string, string>();
    await Promise.all(
      pools.map(async pool => {
        while (left.length > 0) await mark(pool, left.splice(0, BATCH), marks);
      }),
    );
    return marks;
  } finally {
    for (const pool of pools) await pool.close();
  }
}

async function mark(pool: Pool, tables: readonly Table[], marks: Map<string, string>): Promise<void> {
  const columns = new Map(tables.map(table => [table.oid, table.columns]));
  const { rows } = await pool.query(tables.map(queryOf).join(' union all '));
  for (const [oid, held] of rows) marks.set(String(oid), `${columns.get(String(oid))} ${held}`);
}

/** Rows in any order, and where its sequences stand. */
function queryOf({ oid, key, sequences }: Table): string {
  const positions = sequences.map(name => `, (select (last_value, is_called) from ${name})`).join('');
  return `select ${literal(oid)}, concat_ws(' ', count(*), md5(string_agg(row, '' order by row))${positions})
    from (select md5((t.*)::text) as row from only ${quoteKey(key)} t) r`;
}

/** Oids of the tables that are not as they were, or gone. Pure. */
export function changedTables(before: Marks, after: Marks): readonly string[] {
  return [...before].flatMap(([oid, mark]) => (after.get(oid) === mark ? [] : [oid]));
}
