/** Indexes that are there, and enforce and serve nothing: what a build that failed leaves, or one of a partitioned table alone. */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { readUrl } from './session/index.ts';

/** One of them, in words. */
export interface InvalidIndex {
  /** As it is named in SQL. */
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}

/** Not those that somebody is building right now. */
const QUERY = `
select x.indexrelid::regclass, x.indrelid::regclass, i.relkind = 'I', x.indisunique,
  (select format('alter table %s drop constraint %I, add constraint %I %s', x.indrelid::regclass, k.conname, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k where k.conindid = x.indexrelid and k.conrelid = x.indrelid and k.contype in ('p', 'u', 'x') limit 1),
  replace(pg_get_indexdef(x.indexrelid), ' ON ONLY ', ' ON ')
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace
where not (x.indisvalid and x.indisready) and ${isNotPostgres('n.nspname')}
  and not exists (select from pg_locks l where l.relation = x.indrelid and l.granted and l.mode = 'ShareUpdateExclusiveLock'
    and l.database = (select oid from pg_database where datname = current_database()))
order by 1`;

/** @throws {ConnectionError}; {PgError} */
export async function findInvalidIndexes(address: string): Promise<readonly InvalidIndex[]> {
  const pool = createPrivilegedPool({ url: readUrl(address).url, name: 'peakstone migrate status' });
  try {
    const { rows } = await pool.query(QUERY);
    return rows.map(row => {
      const [name = '', table, isPartitioned, isUnique, constraint, definition] = row.map(
        cell => cell?.toString() ?? null,
      );
      const again =
        isPartitioned === 't'
          ? (constraint ?? `drop index ${name}; ${definition}`)
          : `reindex index concurrently ${name}`;
      return {
        name: name ?? '',
        message: `Index ${name} of ${table} is invalid: ${isUnique === 't' ? 'it keeps no duplicate out, and no query uses it' : 'no query uses it'}.`,
        hint: `${isPartitioned === 't' ? 'Some partition has no such index. ' : 'A build that failed has left it. '}Build it anew: ${again}`,
      };
    });
  } finally {
    await pool.close();
  }
}
