import { type Catalog, CLASS, text } from './catalog.ts';
import type { DumpObject } from './object.ts';
import type { TableObject } from './read/tables.ts';

/** By an object's or a part's key, what must be there first. */
export type Needs = ReadonlyMap<string, ReadonlySet<string>>;

export interface Dependencies {
  readonly needs: Needs;
  /** What is needed and is not among the objects: its class and number in the catalog. */
  readonly outside: ReadonlySet<string>;
}

export function partsOf(object: DumpObject): TableObject['parts'] {
  return (object as Partial<TableObject>).parts ?? [];
}

/**
 * Which object needs which others, from PostgreSQL's own record of it and from what the readers know. What stands for a part
 * of an object counts as the object: a view's query, a table's row type, an array of a type, a member of an extension.
 */
export async function readDependencies(
  catalog: Catalog,
  objects: readonly DumpObject[],
): Promise<Dependencies> {
  const needs = new Map<string, Set<string>>();
  const outside = new Set<string>();
  for (const object of objects) {
    needs.set(object.key, new Set(object.dependsOn));
    for (const part of partsOf(object)) needs.set(part.key, new Set());
  }
  const aliases = await readAliases(catalog);
  const keyOf = (raw: string): string | undefined => {
    for (let key: string | undefined = raw; key !== undefined; key = aliases.get(key))
      if (needs.has(key)) return key;
    return undefined;
  };
  const rows = await catalog.rows(`
    select distinct classid || ':' || objid as key, refclassid || ':' || refobjid as needs from pg_depend
    where deptype <> 'e' and objid >= 2200 and refobjid >= 2200`);
  for (const row of rows) {
    const key = keyOf(text(row, 'key'));
    const needed = keyOf(text(row, 'needs'));
    if (key === undefined) continue;
    if (needed === undefined) outside.add(wholeOf(text(row, 'needs'), aliases));
    else if (key !== needed) needs.get(key)!.add(needed);
  }
  return { needs, outside };
}

/** What it is a part of, and that of. */
function wholeOf(raw: string, aliases: ReadonlyMap<string, string>): string {
  let key = raw;
  for (let of = aliases.get(key); of !== undefined; of = aliases.get(key)) key = of;
  return key;
}

async function readAliases(catalog: Catalog): Promise<ReadonlyMap<string, string>> {
  const rows = await catalog.rows(`
    select '${CLASS.rule}:' || oid as key, '${CLASS.relation}:' || ev_class as of from pg_rewrite where rulename = '_RETURN' and oid >= 16384
    union all
    select '${CLASS.type}:' || t.oid, '${CLASS.relation}:' || t.typrelid from pg_type t join pg_class c on c.oid = t.typrelid where t.oid >= 16384 and c.relkind <> 'c'
    union all
    select '${CLASS.relation}:' || t.typrelid, '${CLASS.type}:' || t.oid from pg_type t join pg_class c on c.oid = t.typrelid where t.oid >= 16384 and c.relkind = 'c'
    union all
    select '${CLASS.type}:' || a.oid, '${CLASS.type}:' || e.oid from pg_type a join pg_type e on e.typarray = a.oid where a.oid >= 16384
    union all
    select '${CLASS.type}:' || rngmultitypid, '${CLASS.type}:' || rngtypid from pg_range where rngmultitypid >= 16384
    union all
    select '${CLASS.constraint}:' || oid, '${CLASS.relation}:' || conindid from pg_constraint where contype in ('p', 'u', 'x') and oid >= 16384
    union all
    select '${CLASS.constraint}:' || oid, case when contypid <> 0 then '${CLASS.type}:' || contypid else '${CLASS.relation}:' || conrelid end
      from pg_constraint where contype = 'c' and oid >= 16384
    union all
    select '${CLASS.default}:' || oid, '${CLASS.relation}:' || adrelid from pg_attrdef
    union all
    select classid || ':' || objid, '${CLASS.extension}:' || refobjid from pg_depend where deptype = 'e' and refobjid >= 16384
    union all
    -- Constructors of ranges, and what else is made with something.
    select i.classid || ':' || i.objid, i.refclassid || ':' || i.refobjid from pg_depend i where i.deptype = 'i' and i.classid = ${CLASS.routine} and i.objid >= 16384`);
  return new Map(rows.map(row => [text(row, 'key'), text(row, 'of')]));
}
