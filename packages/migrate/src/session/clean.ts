import { type Ask, type History, rowsOf } from '../revisions/index.ts';

/** What a database may hold and still count as empty. */
export interface Furniture {
  /** Schemas that came with it, whatever is in them. */
  readonly ignored: readonly string[];
  /** Schemas that came with it, as long as nobody has made a table there. */
  readonly empty: readonly string[];
}

/**
 * What makes a database that has no history one that somebody else uses, as Atlas sees it; null when nothing does.
 * @param schema the only one that is meant, if one is
 */
export async function findDirt(
  ask: Ask,
  { schema: own, name }: Pick<History, 'schema' | 'name'>,
  schema: string | null,
  furniture: Furniture = { ignored: [], empty: [] },
): Promise<string | null> {
  const rows = await rowsOf(ask, tablesBySchema);
  const tables = new Map(rows.map(([found, names]) => [found!, JSON.parse(names!) as readonly string[]]));
  if (schema !== null) {
    const found = (tables.get(schema) ?? []).filter(table => own !== schema || table !== name);
    return found.length === 0 ? null : `found table "${found[0]}" in schema "${schema}"`;
  }
  const empty = new Set(['public', ...furniture.empty]);
  for (const [found, names] of tables) {
    if (furniture.ignored.includes(found)) continue;
    if (names.length === 0 && empty.has(found)) continue;
    if (names.length === 0 || found !== own) return `found schema "${found}"`;
    if (names.length > 1) return `found ${names.length} tables in schema "${found}"`;
    if (names[0] !== name) return `found table "${names[0]}" in schema "${found}"`;
  }
  return null;
}

/** Schemas in order, with their tables; what extensions have brought is theirs. */
const tablesBySchema = `select n.nspname, coalesce(t.names, '[]')
  from pg_namespace n
  left join lateral (
    select json_agg(c.relname order by c.relname) as names from pg_class c
    where c.relnamespace = n.oid and c.relkind in ('r', 'p') and not c.relispartition
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  ) t on true
  where n.nspname not in ('information_schema', 'pg_catalog', 'pg_toast') and n.nspname not like 'pg\\_%temp\\_%'
    and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
  order by n.nspname`;
