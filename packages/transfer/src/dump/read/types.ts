import { type Catalog, CLASS, isNoMember, type Row, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

/** Enumerations, composite types, ranges and domains. */
export async function readTypes(catalog: Catalog): Promise<DumpObject[]> {
  const types = await catalog.rows(`
    select t.oid, t.typname as name, n.nspname as schema, format('%I.%I', n.nspname, t.typname) as quoted,
      pg_get_userbyid(t.typowner) as owner, t.typtype as type,
      case t.typtype
        when 'e' then (select string_agg(e'\\n    ' || quote_literal(e.enumlabel), ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
        when 'c' then (select string_agg(e'\\n\\t' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
            || ${collation('a.attcollation', 'at.typcollation')}, ',' order by a.attnum)
          from pg_attribute a join pg_type at on at.oid = a.atttypid where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
        when 'r' then (select concat_ws(e',\\n    ', 'subtype = ' || format_type(r.rngsubtype, null),
            'multirange_type_name = ' || format_type(r.rngmultitypid, null),
            case when not o.opcdefault then format('subtype_opclass = %I.%I', opn.nspname, o.opcname) end,
            case when r.rngcollation <> 0 and r.rngcollation <> st.typcollation then 'collation = ' || r.rngcollation::regcollation end,
            case when r.rngcanonical <> 0 then 'canonical = ' || r.rngcanonical::regproc end,
            case when r.rngsubdiff <> 0 then 'subtype_diff = ' || r.rngsubdiff::regproc end)
          from pg_range r join pg_opclass o on o.oid = r.rngsubopc join pg_namespace opn on opn.oid = o.opcnamespace
          join pg_type st on st.oid = r.rngsubtype where r.rngtypid = t.oid)
        when 'd' then concat(format_type(t.typbasetype, t.typtypmod), ${collation('t.typcollation', 'bt.typcollation')},
          case when t.typnotnull then ' NOT NULL' end, ' DEFAULT ' || t.typdefault,
          (select string_agg(format(e'\\n\\tCONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid)), '' order by c.conname)
            from pg_constraint c where c.contypid = t.oid and c.contype = 'c' and c.convalidated))
      end as parts
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_type bt on bt.oid = t.typbasetype
    left join pg_class rel on rel.oid = t.typrelid
    where n.oid = any (${catalog.schemas}) and t.typtype in ('e', 'c', 'r', 'd') and (t.typtype <> 'c' or rel.relkind = 'c')
      and ${isNoMember(CLASS.type, 't.oid')}
    order by n.nspname, t.typname`);
  return types.map(row => ({
    key: `${CLASS.type}:${text(row, 'oid')}`,
    kind: row.type === 'd' ? 'DOMAIN' : 'TYPE',
    schema: text(row, 'schema'),
    name: text(row, 'name'),
    owner: text(row, 'owner'),
    section: 'pre-data',
    definition: defineType(row),
    dropped: `${row.type === 'd' ? 'DOMAIN' : 'TYPE'} ${text(row, 'quoted')}`,
    named: `${row.type === 'd' ? 'DOMAIN' : 'TYPE'} ${text(row, 'quoted')}`,
    dependsOn: new Set(),
  }));
}

function defineType(row: Row): string {
  const name = text(row, 'quoted');
  const parts = row.parts ?? '';
  switch (row.type) {
    case 'e':
      return `CREATE TYPE ${name} AS ENUM (${parts}\n);`;
    case 'c':
      return `CREATE TYPE ${name} AS (${parts}\n);`;
    case 'r':
      return `CREATE TYPE ${name} AS RANGE (\n    ${parts}\n);`;
    default:
      return `CREATE DOMAIN ${name} AS ${parts};`;
  }
}

/** ` COLLATE x` where it is not the type's own. */
export function collation(of: string, usual: string): string {
  return `case when ${of} <> 0 and ${of} is distinct from ${usual} then (select format(' COLLATE %I.%I', cn.nspname, co.collname)
    from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = ${of}) else '' end`;
}

/** Checks of domains that have not looked at what was there. */
export async function readDomainConstraints(catalog: Catalog): Promise<DumpObject[]> {
  const constraints = await catalog.rows(`
    select c.oid, c.conname as name, n.nspname as schema, t.typname as domain, t.oid as type, pg_get_userbyid(t.typowner) as owner,
      format('%I.%I', n.nspname, t.typname) as quoted, quote_ident(c.conname) as constraint, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c join pg_type t on t.oid = c.contypid join pg_namespace n on n.oid = t.typnamespace
    where n.oid = any (${catalog.schemas}) and c.contype = 'c' and not c.convalidated and ${isNoMember(CLASS.type, 't.oid')}`);
  return constraints.map(row => ({
    key: `${CLASS.constraint}:${text(row, 'oid')}`,
    kind: 'CHECK CONSTRAINT',
    schema: text(row, 'schema'),
    name: `${text(row, 'domain')} ${text(row, 'name')}`,
    owner: null,
    section: 'post-data',
    definition: `ALTER DOMAIN ${text(row, 'quoted')}\n    ADD CONSTRAINT ${text(row, 'constraint')} ${text(row, 'definition')};`,
    dropped: null,
    named: `CONSTRAINT ${text(row, 'constraint')} ON DOMAIN ${text(row, 'quoted')}`,
    dependsOn: new Set([`${CLASS.type}:${text(row, 'type')}`]),
  }));
}
