/** Tables of schemas that are somebody else's, on which an application hangs what is its own: a trigger on auth.users. */
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import type { AskedScope, ForeignTables } from './engine/types.ts';

const TABLES = `select n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner) = $2,
    exists (select from pg_roles where rolname = $2 and has_schema_privilege(oid, n.oid, 'create'))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname = any ($1::text[])`;

/**
 * @param url of what the folder makes: who owns a table there owns it wherever the files are applied
 * @param wantedUrl of what is wanted
 */
export async function findForeignTables(
  url: string,
  wantedUrl: string,
  { ignoredSchemas, impliedOwners: [owner = ''] }: AskedScope,
): Promise<ForeignTables> {
  const [here, wanted] = await Promise.all(
    [url, wantedUrl].map(each => readTables(each, ignoredSchemas, owner)),
  );
  const there = new Set(wanted!.map(({ key }) => key));
  const both = here!.filter(({ key }) => there.has(key));
  const shared = both.filter(({ isOwn }) => isOwn);
  const keysOf = (tables: readonly ForeignTable[]) => tables.map(({ key }) => key);
  return {
    sharedTables: keysOf(shared),
    openTables: keysOf(shared.filter(({ isOpen }) => isOpen)),
    foreignTables: keysOf(both),
  };
}

interface ForeignTable {
  readonly key: string;
  readonly isOwn: boolean;
  readonly isOpen: boolean;
}

async function readTables(
  url: string,
  schemas: readonly string[],
  owner: string,
): Promise<readonly ForeignTable[]> {
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const { rows } = await pool.query(TABLES, [arrayLiteral(schemas), owner]);
    return rows.map(row => {
      const [key, isOwn, isOpen] = row.map(String);
      return { key: key!, isOwn: isOwn === 't', isOpen: isOpen === 't' };
    });
  } finally {
    await pool.close();
  }
}
