/** Columns that the database suggests for a misspelt one, whoever may see them. */
import { qualified, quote } from '../../sql/writer.ts';
import type { Asked } from './asked.ts';

const suggested = /"([^"]+)"/g;
/** Embeds stand under an alias that ends in their level. */
const level = /_\d+$/;

/** PostgreSQL's hint where the role may read every column that it names, else null. */
export async function hintOfColumns(hint: string, { pool, identity, config }: Asked): Promise<string | null> {
  const columns = [...hint.matchAll(suggested)].map(([, name = '']) => {
    const dot = name.lastIndexOf('.');
    return { table: name.slice(0, Math.max(dot, 0)), column: name.slice(dot + 1) };
  });
  const text = `
select pg_catalog.bool_or(pg_catalog.has_column_privilege(r, a.attrelid, a.attnum, 'SELECT'))
from pg_catalog.to_regrole($1) as r, pg_catalog.json_array_elements_text($2::pg_catalog.json) as name,
  pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass(name) and a.attname = $3`;
  for (const { table, column } of columns) {
    const tables = [table, table.replace(level, '')].filter(each => each !== '');
    const names = config.dbSchemas.flatMap(schema => tables.map(name => qualified({ schema, name })));
    const { rows } = await pool.query(text, [quote(identity.role), JSON.stringify(names), column]);
    if (rows[0]?.[0]?.toString() !== 't') return null;
  }
  return hint;
}
