import { isNotPostgres, schemasWith } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, quoteLiteral } from '@peakstone/kernel/pg';
import { explainConnection } from '../sql.ts';

const nobodys = schemasWith('nobodysWork').map(quoteLiteral).join(', ');

/**
 * Where this database holds nothing: the server's other databases that the stack has served, the largest first. Whoever
 * changed POSTGRES_DB gets an empty database, and may have meant to rename the one that they had.
 * @param url An administrator's, of the database that is served.
 */
export async function databasesLeftBehind(url: string): Promise<readonly string[]> {
  const pool = createPrivilegedPool({ url, name: 'peakstone' });
  try {
    const { rows } = await pool.query(
      // The bootstrap gives every database that it prepares a search path.
      `select d.datname from pg_database d
       where d.datname <> current_database() and d.datallowconn and not d.datistemplate
         and exists (select from pg_db_role_setting s, unnest(s.setconfig) as setting
           where s.setdatabase = d.oid and s.setrole = 0 and setting like 'search_path=%')
         and not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in (${nobodys}) and ${isNotPostgres('n.nspname')}
             and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
       order by pg_database_size(d.oid) desc`,
    );
    return rows.map(([name]) => String(name));
  } catch (error) {
    throw explainConnection(error);
  } finally {
    await pool.close();
  }
}
