import { type Catalog, CLASS, text } from '../catalog.ts';

/** What COMMENT ON says, by key; `columns` by the relation's. An extension's own comment comes with it. */
export interface Comments {
  readonly objects: ReadonlyMap<string, string>;
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** Whole statements on what is a part of something else. */
  readonly domains: readonly string[];
}

export async function readComments(catalog: Catalog): Promise<Comments> {
  const objects = await catalog.rows(`
    select d.classoid || ':' || d.objoid as key, quote_literal(d.description) as comment from pg_description d
    where d.objsubid = 0 and (d.objoid >= 16384 or d.classoid = ${CLASS.largeObject}) and not (d.classoid = ${CLASS.extension} and exists (select from pg_extension e
      join pg_available_extensions a on a.name = e.extname where e.oid = d.objoid and a.comment = d.description))
    union all
    select d.classoid || ':' || d.objoid, quote_literal(d.description) from pg_description d join pg_namespace n on n.oid = d.objoid
    where d.classoid = ${CLASS.schema} and n.nspname = 'public' and d.objoid < 16384 and d.description <> 'standard public schema'`);
  const columns = await catalog.rows(`
    select ${CLASS.relation} || ':' || c.oid as key, format('COLUMN %I.%I.%I', n.nspname, c.relname, a.attname) as named, quote_literal(d.description) as comment
    from pg_description d join pg_class c on d.classoid = ${CLASS.relation} and c.oid = d.objoid join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid where d.objsubid > 0 and ${catalog.relations}
    union all
    select ${CLASS.type} || ':' || t.oid, format('COLUMN %I.%I.%I', n.nspname, c.relname, a.attname), quote_literal(d.description)
    from pg_description d join pg_class c on d.classoid = ${CLASS.relation} and c.oid = d.objoid and c.relkind = 'c' join pg_type t on t.typrelid = c.oid
    join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
    where d.objsubid > 0 and n.oid = any (${catalog.schemas}) order by 1, 2`);
  const domains = await catalog.rows(`
    select format('COMMENT ON CONSTRAINT %I ON DOMAIN %I.%I IS %L;', k.conname, n.nspname, t.typname, d.description) as statement
    from pg_description d join pg_constraint k on d.classoid = ${CLASS.constraint} and k.oid = d.objoid join pg_type t on t.oid = k.contypid
    join pg_namespace n on n.oid = t.typnamespace where k.convalidated and n.oid = any (${catalog.schemas}) order by 1`);
  const byRelation = new Map<string, string[]>();
  for (const row of columns) {
    const list = byRelation.get(text(row, 'key')) ?? [];
    byRelation.set(text(row, 'key'), list);
    list.push(`COMMENT ON ${text(row, 'named')} IS ${text(row, 'comment')};`);
  }
  return {
    objects: new Map(objects.map(row => [text(row, 'key'), text(row, 'comment')])),
    columns: byRelation,
    domains: domains.map(row => text(row, 'statement')),
  };
}
