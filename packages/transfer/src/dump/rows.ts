import type { Client } from '@peakstone/kernel/pg';
import { type Catalog, CLASS, isNoMember, text } from './catalog.ts';
import type { TableRows } from './object.ts';

/** A condition: this login may read the relation `c`. */
export const READABLE = `has_table_privilege(c.oid, 'select') and has_schema_privilege(c.relnamespace, 'usage')`;

/** Whose rows, values and large objects this login may not read, which is none for a superuser. */
export async function readUnreadable(
  catalog: Catalog,
  withLargeObjects: boolean,
): Promise<readonly string[]> {
  const rows = await catalog.rows(`
    select 'rows of ' || c.oid::regclass as name from pg_class c where ${catalog.relations} and c.relkind = 'r' and not (${READABLE})
      and ${isNoMember(CLASS.relation, 'c.oid')}
    union all
    select 'large object ' || oid from pg_largeobject_metadata where ${withLargeObjects} and not (${ownObject}) order by 1`);
  return rows.map(row => text(row, 'name'));
}

/** A large object that this login may read: its owner's, or a superuser. */
const ownObject = `pg_has_role(lomowner, 'usage') or (select rolsuper from pg_roles where rolname = current_user)`;

/** Tables whose rows are dumped, by name; those of extensions that are for others to fill come with their condition. */
export async function readTableRows(catalog: Catalog): Promise<TableRows[]> {
  const columns = `(select coalesce(' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')', '') from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')`;
  const rows = await catalog.rows(`
    select n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner, format('%I.%I', n.nspname, c.relname) as quoted, ${columns} as columns, null as condition
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${catalog.relations} and c.relkind = 'r' and ${isNoMember(CLASS.relation, 'c.oid')} and ${READABLE}
    union all
    select n.nspname, c.relname, pg_get_userbyid(c.relowner), format('%I.%I', n.nspname, c.relname), ${columns}, coalesce(k.condition, '')
    from pg_extension e, unnest(e.extconfig, e.extcondition) k (relation, condition) join pg_class c on c.oid = k.relation
    join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and (${catalog.relations}) and ${READABLE}
    order by 1, 2`);
  return rows.map(row => {
    const quoted = text(row, 'quoted');
    const list = text(row, 'columns');
    const fields = list === '' ? '*' : list.slice(2, -1);
    return {
      schema: text(row, 'schema'),
      name: text(row, 'name'),
      owner: text(row, 'owner'),
      copyIn: `COPY ${quoted}${list} FROM stdin;`,
      copyOut:
        row.condition === null || row.condition === ''
          ? `copy ${quoted}${list} to stdout`
          : `copy (select ${fields} from ${quoted} ${row.condition}) to stdout`,
    };
  });
}

/** Tables so that each comes behind those that its rows refer to; those of a circle last. */
export async function orderByKeys(
  catalog: Catalog,
  tables: readonly TableRows[],
): Promise<{ readonly tables: readonly TableRows[]; readonly circle: readonly string[] }> {
  const leaves = (relation: string) =>
    `(select t.relid from pg_partition_tree(${relation}) t where t.isleaf union select ${relation})`;
  const rows = await catalog.rows(`
    select distinct (select array[n.nspname, c.relname]::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = child.relid) as child,
      (select array[n.nspname, c.relname]::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent.relid) as parent
    from pg_constraint k cross join lateral ${leaves('k.conrelid')} child (relid) cross join lateral ${leaves('k.confrelid')} parent (relid)
    where k.contype = 'f' and child.relid <> parent.relid`);
  const names = await catalog.rows(
    `select array[n.nspname, c.relname]::text as key, n.nspname as schema, c.relname as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${catalog.relations}`,
  );
  const keyOf = new Map(names.map(row => [`${row.schema}\0${row.name}`, text(row, 'key')]));
  const parents = Map.groupBy(rows, row => text(row, 'child'));
  let left = tables.map(table => ({ table, key: keyOf.get(`${table.schema}\0${table.name}`) ?? '' }));
  const sorted: TableRows[] = [];
  for (;;) {
    const waiting = new Set(left.map(({ key }) => key));
    const isFree = ({ key }: { readonly key: string }): boolean =>
      !(parents.get(key) ?? []).some(({ parent }) => waiting.has(parent!));
    const free = left.filter(isFree);
    if (free.length === 0) break;
    sorted.push(...free.map(({ table }) => table));
    left = left.filter(each => !free.includes(each));
  }
  const rest = left.map(({ table }) => table);
  return { tables: [...sorted, ...rest], circle: rest.map(({ schema, name }) => `${schema}.${name}`) };
}

/** Large objects, in parts of bounded size. */
export async function* readLargeObjects(
  client: Client,
  catalog: Catalog,
): AsyncGenerator<{ readonly oid: string; readonly owner: string; readonly parts: AsyncIterable<string> }> {
  const rows = await catalog.rows(
    `select oid, pg_get_userbyid(lomowner) as owner from pg_largeobject_metadata where ${ownObject} order by oid`,
  );
  for (const row of rows)
    yield { oid: text(row, 'oid'), owner: text(row, 'owner'), parts: readParts(client, text(row, 'oid')) };
}

const PART_BYTES = 65_536;

/** As hexadecimal digits. */
async function* readParts(client: Client, oid: string): AsyncGenerator<string> {
  for (let offset = 0; ; offset += PART_BYTES) {
    const results = await client.script(
      `select pg_catalog.encode(pg_catalog.lo_get(${oid}, ${offset}, ${PART_BYTES}), 'hex')`,
    );
    const part = results[0]?.rows[0]?.[0]?.toString() ?? '';
    if (part !== '') yield part;
    if (part.length < PART_BYTES * 2) return;
  }
}
