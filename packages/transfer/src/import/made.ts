/**
 * What an import made: what is in the database, was not there before it, and was written by one of its own transactions, which the
 * journal keeps. What cannot be proven so is others'. Pure but for `listMade`.
 */
import { JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Onlooker } from './administrator/index.ts';

export interface MadeObject {
  /** As PostgreSQL calls it: `table`, `function`, `policy`. */
  readonly type: string;
  /** Its name, with what it takes to tell it from others. */
  readonly name: string;
  /** Another transaction than the import's made it, or changed it since: it may be somebody else's. */
  readonly isLater: boolean;
  /** What removes it, and nothing else; null for what stays. */
  readonly drop: string | null;
}

interface Catalog {
  readonly name: string;
  /** Column of the owner; absent where that is the owner of the table that it belongs to, or nobody. */
  readonly owner?: string;
  /** Column of the table that it belongs to: it goes with that. */
  readonly table?: string;
  readonly where?: string;
  /** Numbers are whoever's who makes one to choose. */
  readonly isFreelyNumbered?: true;
}

/** Where objects of a database are. What belongs to another one by nature (columns, indexes of keys, types of rows) goes with that. */
const CATALOGS: readonly Catalog[] = [
  { name: 'pg_namespace', owner: 'nspowner', where: `nspname !~ '^pg_'` },
  { name: 'pg_class', owner: 'relowner', where: `relkind in ('r', 'p', 'v', 'm', 'f', 'S')` },
  {
    name: 'pg_class',
    owner: 'relowner',
    table: '(select i.indrelid from pg_index i where i.indexrelid = o.oid)',
    where: `relkind in ('i', 'I')`,
  },
  { name: 'pg_proc', owner: 'proowner' },
  {
    name: 'pg_type',
    owner: 'typowner',
    where: `case when typrelid = 0 then typelem = 0 or typcategory <> 'A' else exists (select from pg_class c where c.oid = typrelid and c.relkind = 'c') end`,
  },
  { name: 'pg_constraint', table: 'conrelid', where: 'conrelid <> 0 and conparentid = 0' },
  { name: 'pg_trigger', table: 'tgrelid', where: 'not tgisinternal' },
  { name: 'pg_policy', table: 'polrelid' },
  { name: 'pg_rewrite', table: 'ev_class', where: `rulename <> '_RETURN'` },
  { name: 'pg_statistic_ext', owner: 'stxowner', table: 'stxrelid' },
  { name: 'pg_publication', owner: 'pubowner' },
  { name: 'pg_event_trigger', owner: 'evtowner' },
  { name: 'pg_collation', owner: 'collowner' },
  { name: 'pg_conversion', owner: 'conowner' },
  { name: 'pg_operator', owner: 'oprowner' },
  { name: 'pg_opclass', owner: 'opcowner' },
  { name: 'pg_opfamily', owner: 'opfowner' },
  { name: 'pg_cast' },
  { name: 'pg_ts_config', owner: 'cfgowner' },
  { name: 'pg_ts_dict', owner: 'dictowner' },
  { name: 'pg_foreign_data_wrapper', owner: 'fdwowner' },
  { name: 'pg_foreign_server', owner: 'srvowner' },
  { name: 'pg_largeobject_metadata', owner: 'lomowner', isFreelyNumbered: true },
  { name: 'pg_extension', owner: 'extowner' },
];

/** The first number that is not PostgreSQL's own. */
const FIRST_OWN = 16_384;

/** Who made a relation: its own row is written again by references of others, that of its last system column never. A view has none. */
const MAKER = `(select a.xmin from pg_attribute a where a.attrelid = o.oid and a.attnum = case o.relkind when 'v' then 1 else -6 end)`;

/** A condition: it is a transaction of the import's. */
export function isOwn(xid: string): string {
  return `${xid} in (select w.xmin from ${JOURNAL_SCHEMA}.own w)`;
}

/** Others have put something on the relation `m.objid` that would go with it. */
const HAS_FOREIGN_PARTS = `(m.classid = 'pg_class'::regclass and (${[
  ['pg_attribute', 'attrelid', 'attnum > 0'],
  ['pg_index', 'indrelid', 'true'],
  ['pg_trigger', 'tgrelid', 'not tgisinternal'],
  ['pg_policy', 'polrelid', 'true'],
  ['pg_constraint', 'conrelid', 'true'],
  ['pg_rewrite', 'ev_class', 'true'],
  ['pg_statistic_ext', 'stxrelid', 'true'],
]
  .map(
    ([catalog, relation, where]) =>
      `exists (select from ${catalog} p where p.${relation} = m.objid and ${where} and not (${isOwn('p.xmin')}))`,
  )
  .join(' or ')}))`;

/** Of each catalog's row: what it is, whose, and of which table. */
const OBJECTS = CATALOGS.map(
  ({ name, owner, table, where = 'true', isFreelyNumbered = false }) =>
    `select '${name === 'pg_largeobject_metadata' ? 'pg_largeobject' : name}'::regclass::oid as classid, oid as objid, ${owner ?? 'null::oid'} as owner, ${table ?? 'null::oid'} as relid, ${name === 'pg_class' && table === undefined ? MAKER : 'o.xmin'} as xid
     from ${name} o where ${isFreelyNumbered ? '' : `oid >= ${FIRST_OWN} and `}(${where})`,
).join('\nunion all ');

/** The highest number of any object: what comes later has a higher one. By the end of an index of each catalog. */
export const NEWEST_OID = `greatest(${[
  ...new Set(CATALOGS.filter(({ isFreelyNumbered }) => !isFreelyNumbered).map(({ name }) => name)),
]
  .map(name => `(select max(oid) from pg_catalog.${name})`)
  .join(', ')})`;

/** Into the journal, before anything is made. */
export const REMEMBER_OBJECTS = `insert into ${JOURNAL_SCHEMA}.before select classid, objid from (${OBJECTS}) o`;

/** Newest first, so that nothing comes before what it rests on. @param owner who made them: what is others' is not listed */
export async function listMade(onlooker: Onlooker, owner: string): Promise<readonly MadeObject[]> {
  const { rows } = await onlooker.query(
    `with objects as (${OBJECTS}),
     made as (
       select o.* from objects o
       where not exists (select from ${JOURNAL_SCHEMA}.before b where b.classid = o.classid and b.objid = o.objid)
         and not exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.objsubid = 0 and d.deptype in ('e', 'i'))
     )
     select i.type, i.identity, (${isOwn('m.xid')}) is not true or ${HAS_FOREIGN_PARTS},
       case when i.type in ('extension') then null
         when i.type = 'table constraint' then (select format('alter table if exists %s drop constraint if exists %I', c.conrelid::regclass, c.conname) from pg_constraint c where c.oid = m.objid)
         when i.type = 'large object' then format('select pg_catalog.lo_unlink(%s)', m.objid)
         else format('drop %s if exists %s', case i.type when 'statistics object' then 'statistics' when 'composite type' then 'type' when 'window function' then 'function' else i.type end, i.identity)
       end
     from made m cross join lateral pg_identify_object(m.classid, m.objid, 0) i
     where i.schema is distinct from ${literal(JOURNAL_SCHEMA)} and i.identity <> ${literal(JOURNAL_SCHEMA)}
       -- With their table.
       and (m.relid is null or exists (select from ${JOURNAL_SCHEMA}.before b where b.classid = 'pg_class'::regclass and b.objid = m.relid))
       and (i.type = 'extension' or pg_has_role($1::name, coalesce(m.owner, (select c.relowner from pg_class c where c.oid = m.relid), (select r.oid from pg_roles r where r.rolname = $1::name)), 'usage'))
     order by m.objid desc`,
    [owner],
  );
  return rows.map(([type, name, isLater, drop]) => ({
    type: String(type),
    name: String(name),
    isLater: String(isLater) === 't',
    drop: drop === null || drop === undefined ? null : String(drop),
  }));
}

/** References among what was made: without them no order of tables has them all removed. Statements. */
export async function listReferences(onlooker: Onlooker): Promise<readonly string[]> {
  const isMade = (column: string): string =>
    `${column} <= (select newest_oid from ${JOURNAL_SCHEMA}.state) and not exists (select from ${JOURNAL_SCHEMA}.before b where b.classid = 'pg_class'::regclass and b.objid = ${column})`;
  const { rows } = await onlooker.query(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) from pg_constraint
     where contype = 'f' and conparentid = 0 and ${isOwn('xmin')} and ${isMade('conrelid')} and ${isMade('confrelid')}`,
  );
  return rows.map(([statement]) => String(statement));
}
