/** Tables, views and sequences, with their columns, constraints and indexes. */
import {
  comment,
  isOpen,
  isOurRelation,
  objects,
  owner,
  RELATION,
  relationName,
  rights,
  sorted,
  word,
  yes,
} from '../words.ts';

const relationKind = word('c.relkind', {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  i: 'index',
  I: 'index',
});

const inherits = `(select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid)`;
/** A table that has parents by INHERITS: what it has of its own stays when theirs goes. */
const isChild = 'exists (select from pg_inherits i where i.inhrelid = c.oid) and not c.relispartition';
const hasStorage = `c.relkind in ('r', 'p', 'm')`;

const relations = objects(
  relationKind,
  relationName,
  RELATION,
  `c.relkind in ('r', 'p', 'v', 'm', 'f') and ${isOurRelation}`,
  {
    owner: owner('c.relowner'),
    rights: rights('c.relacl', `'r'`, 'c.relowner'),
    persistence: word('nullif(c.relpersistence, $$p$$)', { u: 'unlogged' }),
    'access method': `(select amname from pg_am where oid = c.relam)`,
    options: sorted('c.reloptions'),
    'toast options': `(select ${sorted('t.reloptions')} from pg_class t where t.oid = c.reltoastrelid)`,
    'row security': yes('c.relrowsecurity'),
    'row security of the owner': yes('c.relforcerowsecurity'),
    'replica identity': `nullif(c.relreplident, 'd')`,
    'partitioned by': 'pg_get_partkeydef(c.oid)',
    partition: 'pg_get_expr(c.relpartbound, c.oid)',
    parents: inherits,
    'of type': `nullif(c.reloftype, 0)::regtype::text`,
    server: `(select concat_ws(' ', s.srvname, ${sorted('f.ftoptions')}) from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid)`,
    definition: `case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end`,
    comment: comment('pg_class', 'c.oid'),
  },
);

/** A composite type's attributes are columns as well. Their order is no property: no statement changes it. */
const columns = objects(
  `'column'`,
  `concat(${relationName}, '.', a.attname)`,
  `${RELATION} join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum`,
  `c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped and ${isOurRelation}`,
  {
    type: 'format_type(a.atttypid, a.atttypmod)',
    collation: `case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end`,
    'not null': yes('a.attnotnull'),
    identity: word(`nullif(a.attidentity, '')`, { a: 'always', d: 'by default' }),
    generated: word(`nullif(a.attgenerated, '')`, { s: 'stored', v: 'virtual' }),
    default: 'pg_get_expr(d.adbin, d.adrelid)',
    storage: `case when ${hasStorage} and a.attstorage <> t.typstorage then ${word('a.attstorage', { p: 'plain', e: 'external', m: 'main', x: 'extended' })} end`,
    compression: `case when ${hasStorage} then ${word(`nullif(a.attcompression, '')`, { p: 'pglz', l: 'lz4' })} end`,
    'statistics target': 'nullif(a.attstattarget, -1)',
    options: sorted('a.attoptions'),
    'foreign options': sorted('a.attfdwoptions'),
    'of its own': yes(`${isChild} and a.attislocal`),
    rights: rights('a.attacl', `'c'`, 'c.relowner'),
    comment: comment('pg_class', 'c.oid', 'a.attnum'),
  },
  relationName,
);

const indexColumns = objects(
  `'column of an index:'`,
  `concat(${relationName}, ' ', a.attnum)`,
  `${RELATION} join pg_index x on x.indexrelid = c.oid join pg_class r on r.oid = x.indrelid join pg_attribute a on a.attrelid = c.oid`,
  `a.attstattarget >= 0 and not r.relname = any ($6::text[]) and ${isOurRelation}`,
  { 'statistics target': 'a.attstattarget' },
  `concat(n.nspname, '.', r.relname)`,
);

/** Those of partitions come from their parent's, under names that PostgreSQL gives. */
const constraints = objects(
  `case when k.conparentid = 0 then 'constraint' else 'inherited constraint' end`,
  `case when k.conparentid = 0 then concat(k.conname, ' on ', ${relationName})
    else concat((select conname from pg_constraint where oid = k.conparentid), ' on ', ${relationName}, ' ', nullif(k.confrelid, 0)::regclass) end`,
  `${RELATION} join pg_constraint k on k.conrelid = c.oid`,
  `k.contype not in ('t', 'n') and (${isOurRelation} or ${isOpen})`,
  {
    definition: 'pg_get_constraintdef(k.oid)',
    'of its own': yes(`${isChild} and k.conislocal`),
    comment: comment('pg_constraint', 'k.oid'),
  },
  relationName,
);

/** An invalid one enforces and serves nothing. Those of partitions come from their parent's. */
const indexes = objects(
  `'index'`,
  `case when p.inhparent is null then concat(n.nspname, '.', i.relname) else concat(p.inhparent::regclass, ' on ', ${relationName}) end`,
  `${RELATION} join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid
    left join pg_inherits p on p.inhrelid = x.indexrelid`,
  `(${isOurRelation} or ${isOpen})`,
  {
    definition: `case when p.inhparent is null then pg_get_indexdef(i.oid)
      else replace(pg_get_indexdef(i.oid), format(' INDEX %I ON ', i.relname), ' INDEX ON ') end`,
    invalid: yes('not (x.indisvalid and x.indisready)'),
    clustered: yes('x.indisclustered'),
    'replica identity': yes('x.indisreplident'),
    comment: comment('pg_class', 'i.oid'),
  },
  relationName,
);

const sequences = objects(
  `'sequence'`,
  `coalesce((select concat('of ', d.refobjid::regclass, '.', a.attname) from pg_depend d
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'i'), ${relationName})`,
  `${RELATION} join pg_sequence s on s.seqrelid = c.oid`,
  isOurRelation,
  {
    owner: owner('c.relowner'),
    rights: rights('c.relacl', `'s'`, 'c.relowner'),
    persistence: word('nullif(c.relpersistence, $$p$$)', { u: 'unlogged' }),
    type: 's.seqtypid::regtype::text',
    start: 's.seqstart',
    increment: 's.seqincrement',
    minimum: 's.seqmin',
    maximum: 's.seqmax',
    cache: 's.seqcache',
    cycle: yes('s.seqcycle'),
    'owned by': `(select concat(d.refobjid::regclass, '.', a.attname) from pg_depend d
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'a')`,
    comment: comment('pg_class', 'c.oid'),
  },
);

const statistics = objects(
  `'extended statistics'`,
  `concat(m.nspname, '.', s.stxname)`,
  `${RELATION} join pg_statistic_ext s on s.stxrelid = c.oid join pg_namespace m on m.oid = s.stxnamespace`,
  isOurRelation,
  {
    owner: owner('s.stxowner'),
    definition: 'pg_get_statisticsobjdef(s.oid)',
    'statistics target': 'nullif(s.stxstattarget, -1)',
    comment: comment('pg_statistic_ext', 's.oid'),
  },
  relationName,
);

export const relationCatalogs: readonly string[] = [
  relations,
  columns,
  indexColumns,
  constraints,
  indexes,
  sequences,
  statistics,
];
