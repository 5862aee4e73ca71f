/**
 * What the library does not compare: read by ourselves from the catalogs. Where a statement makes it, it is written; else it is
 * named, so that nothing is missed in silence.
 */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import type { Scope } from './engine/types.ts';
import { FOREIGN_QUERIES } from './foreignTables.ts';
import { type Step, step } from './step.ts';

/** One object, or one property of one, beyond the library. */
export interface Extra {
  readonly kind: string;
  readonly name: string;
  /** Makes it so; null where we do not write it. Two are the same when this, or else `definition`, is. */
  readonly create: string | null;
  readonly drop: string | null;
  readonly definition: string;
}

/** Each names what it takes from catalogs; `%SCHEMAS%` is the condition on namespace `n`. */
const QUERIES: readonly string[] = [
  `select 'extended statistics', n.nspname || '.' || s.stxname, pg_get_statisticsobjdef(s.oid),
     format('DROP STATISTICS %I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
   from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where %SCHEMAS%`,
  `select 'column storage', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STORAGE %s', n.nspname, c.relname, a.attname,
       case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STORAGE DEFAULT', n.nspname, c.relname, a.attname), a.attstorage::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     join pg_type t on t.oid = a.atttypid
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attstorage <> t.typstorage and %SCHEMAS%`,
  `select 'column compression', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION %s', n.nspname, c.relname, a.attname,
       case a.attcompression when 'p' then 'pglz' else 'lz4' end),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION default', n.nspname, c.relname, a.attname), a.attcompression::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attcompression <> '' and %SCHEMAS%`,
  `select 'column statistics target', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS %s', n.nspname, c.relname, a.attname, a.attstattarget),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS DEFAULT', n.nspname, c.relname, a.attname), a.attstattarget::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attstattarget >= 0 and %SCHEMAS%`,
  `select 'clustered index', n.nspname || '.' || c.relname,
     format('ALTER TABLE %I.%I CLUSTER ON %I', n.nspname, c.relname, i.relname),
     format('ALTER TABLE %I.%I SET WITHOUT CLUSTER', n.nspname, c.relname), i.relname::text
   from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
     join pg_namespace n on n.oid = c.relnamespace where x.indisclustered and c.relkind = 'r' and %SCHEMAS%`,
  `select 'cast', format_type(castsource, null) || ' AS ' || format_type(casttarget, null), null, null,
     concat(castfunc::regprocedure, castcontext, castmethod)
   from pg_cast d where d.oid > 16383 and not exists (select from pg_depend e where e.classid = 'pg_cast'::regclass and e.objid = d.oid and e.deptype in ('e', 'i'))`,
  `select 'operator', d.oid::regoperator::text, null, null, concat(oprcode, oprcom::regoperator, oprnegate::regoperator, oprcanhash, oprcanmerge)
   from pg_operator d join pg_namespace n on n.oid = d.oprnamespace
   where not exists (select from pg_depend e where e.classid = 'pg_operator'::regclass and e.objid = d.oid and e.deptype = 'e') and %SCHEMAS%`,
  `select 'operator class', n.nspname || '.' || d.opcname, null, null, concat(d.opcintype::regtype, d.opcdefault)
   from pg_opclass d join pg_namespace n on n.oid = d.opcnamespace
   where not exists (select from pg_depend e where e.classid = 'pg_opclass'::regclass and e.objid = d.oid and e.deptype = 'e') and %SCHEMAS%`,
  `select 'operator family', n.nspname || '.' || d.opfname, null, null, d.opfmethod::text
   from pg_opfamily d join pg_namespace n on n.oid = d.opfnamespace
   where not exists (select from pg_depend e where e.classid = 'pg_opfamily'::regclass and e.objid = d.oid and e.deptype in ('e', 'i', 'a')) and %SCHEMAS%`,
  ...(
    [
      ['text search configuration', 'pg_ts_config', 'cfg'],
      ['text search dictionary', 'pg_ts_dict', 'dict'],
      ['text search parser', 'pg_ts_parser', 'prs'],
      ['text search template', 'pg_ts_template', 'tmpl'],
    ] as const
  ).map(
    ([kind, catalog, prefix]) =>
      `select '${kind}', n.nspname || '.' || d.${prefix}name, null, null, ${
        prefix === 'cfg'
          ? `(select string_agg(concat(maptokentype, ' ', mapseqno, ' ', mapdict::regdictionary), ',' order by maptokentype, mapseqno) from pg_ts_config_map where mapcfg = d.oid)`
          : prefix === 'dict'
            ? 'd.dictinitoption'
            : 'null'
      }
       from ${catalog} d join pg_namespace n on n.oid = d.${prefix}namespace
       where not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = d.oid and e.deptype = 'e') and %SCHEMAS%`,
  ),
  // A copy has none: they are of one database, and of no file.
  `select 'subscription', d.subname::text, null, null, concat(d.subenabled, d.subpublications)
   from pg_subscription d where d.subdbid = (select oid from pg_database where datname = current_database())`,
  `select 'language', d.lanname::text, null, null, null from pg_language d where d.oid > 16383
     and not exists (select from pg_depend e where e.classid = 'pg_language'::regclass and e.objid = d.oid and e.deptype = 'e')`,
  `select 'transform', format('%s in %s', format_type(d.trftype, null), l.lanname), null, null, null
   from pg_transform d join pg_language l on l.oid = d.trflang
   where not exists (select from pg_depend e where e.classid = 'pg_transform'::regclass and e.objid = d.oid and e.deptype = 'e')`,
  `select 'access method', d.amname::text, null, null, null from pg_am d where d.oid > 16383
     and not exists (select from pg_depend e where e.classid = 'pg_am'::regclass and e.objid = d.oid and e.deptype = 'e')`,
];

/** @param url of a login that sees everything */
export async function readExtras(
  url: string,
  { ignoredSchemas, sharedTables, openTables, foreignTables, impliedOwners: [owner = ''] }: Scope,
): Promise<readonly Extra[]> {
  const schemas = `${isNotPostgres('n.nspname')} and not n.nspname = any ($1::text[])`;
  const text = [...QUERIES, ...FOREIGN_QUERIES]
    .map(query => query.replace('%SCHEMAS%', schemas))
    .join('\nunion all\n');
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const lists = [ignoredSchemas, sharedTables, openTables, foreignTables].map(arrayLiteral);
    const { rows } = await pool.query(text, [...lists, owner]);
    return rows.map(row => {
      const [kind = '', name = '', create, drop, definition] = row.map(cell => cell?.toString() ?? null);
      return {
        kind: kind ?? '',
        name: name ?? '',
        create: create ?? null,
        drop: drop ?? null,
        definition: definition ?? '',
      };
    });
  } finally {
    await pool.close();
  }
}

export interface ExtraChanges {
  readonly drops: readonly Step[];
  readonly creates: readonly Step[];
  /** What has to be written by hand. */
  readonly named: readonly string[];
}

/** What makes the extras of one database those of the other. Pure. */
export function compareExtras(before: readonly Extra[], after: readonly Extra[]): ExtraChanges {
  const key = ({ kind, name }: Extra) => `${kind} ${name}`;
  const old = new Map(before.map(each => [key(each), each]));
  const now = new Map(after.map(each => [key(each), each]));
  const gone = before.filter(each => !now.has(key(each)));
  const made = after.filter(each => old.get(key(each))?.definition !== each.definition);
  const drops = [
    ...gone,
    ...made.flatMap(each => (each.kind === 'extended statistics' ? (old.get(key(each)) ?? []) : [])),
  ];
  return {
    drops: drops.flatMap(each => (each.drop === null ? [] : [step(each.drop)])),
    creates: made.flatMap(each => (each.create === null ? [] : [step(each.create)])),
    named: [
      ...made.filter(({ create }) => create === null).map(each => key(each)),
      ...gone.filter(({ drop }) => drop === null).map(each => `${key(each)} (to be dropped)`),
    ],
  };
}
