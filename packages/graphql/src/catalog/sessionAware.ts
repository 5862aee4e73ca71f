/**
 * What in a database looks at who asks: functions, views and policies that read `hasura.user`, `request.jwt.claims` or
 * another setting, by themselves or through `auth.uid()` and its kin. Subscribers who share a statement share its session,
 * so whoever reads such things must be asked for by himself.
 */
import { key } from '@peakstone/kernel/catalog';
import { quoteQualified } from '@peakstone/kernel/pg';
import type { CatalogReader } from './reader.ts';

/** Callers of callers: deeper than any that people write. */
const maxRounds = 8;

/** `$1`: a regular expression. */
const findSql = `
with text(kind, schema, name, code) as (
  select 'function', n.nspname, p.proname, p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), '')
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prokind = 'f' and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'hdb_catalog')
  union all
  select 'relation', n.nspname, c.relname, pg_get_viewdef(c.oid)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'hdb_catalog')
  union all
  select 'relation', n.nspname, c.relname, string_agg(coalesce(pg_get_expr(p.polqual, c.oid), ''), ' ')
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  where c.relrowsecurity group by 2, 3
)
select json_build_array(kind, schema, name) from text where code ~ $1`;

/** Quoted as statements have them: `"auth"."uid"`. @throws {PgError} @throws {ConnectionError} */
export async function loadSessionAware(pool: CatalogReader): Promise<ReadonlySet<string>> {
  const found = new Map<string, string>();
  let pattern = 'current_setting\\s*\\(';
  for (let round = 0; round < maxRounds; round++) {
    const [, result] = await pool.exchange({
      begin: 'begin read only',
      statements: [
        {
          text: "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
          values: [],
          prepare: false,
        },
        { text: findSql, values: [pattern], prepare: false },
      ],
    });
    const names: string[] = [];
    for (const [cell] of result!.rows) {
      const [kind, schema, name] = JSON.parse(cell!.toString()) as [string, string, string];
      const id = `${kind} ${key(schema, name)}`;
      if (found.has(id)) continue;
      found.set(id, quoteQualified(schema, name));
      const escaped = name.replace(/[^A-Za-z0-9_]/g, '\\$&');
      names.push(kind === 'function' ? `\\m${escaped}"?\\s*\\(` : `\\m${escaped}\\M`);
    }
    if (names.length === 0) break;
    pattern = names.join('|');
  }
  return new Set(found.values());
}
