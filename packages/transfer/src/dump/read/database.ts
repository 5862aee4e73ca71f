import { EXTENSIONS_SCHEMA } from '@peakstone/kernel/inventory';
import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { type Catalog, text } from '../catalog.ts';

/** What every stack's start says of its database, and Supabase of its projects'. */
const OWN_PATH = `search_path="$user", public, ${EXTENSIONS_SCHEMA}`;

/**
 * What is said of the database itself, and what of a role in it, as statements: whoever restores a dump into another one has
 * to say it there, under that one's name.
 */
export async function readDatabaseSettings(catalog: Catalog): Promise<readonly string[]> {
  const rows = await catalog.rows(`
    select format('alter %s set %s to %s', case when s.setrole = 0 then 'database …' else format('role %I in database …', pg_get_userbyid(s.setrole)) end,
        split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)) as said
      from pg_db_role_setting s, unnest(s.setconfig) setting
      where s.setdatabase = (select oid from pg_database where datname = current_database()) and setting <> ${literal(OWN_PATH)}
    union all select format('comment on database … is %L', shobj_description(oid, 'pg_database')) from pg_database
      where datname = current_database() and shobj_description(oid, 'pg_database') <> 'default administrative connection database'
    order by 1`);
  return rows.map(row => text(row, 'said'));
}
