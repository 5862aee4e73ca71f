import { PRIVILEGED_SEARCH_PATH } from '../privileged.ts';
import { arrayLiteral } from '../quote.ts';
import type { Statement } from '../types.ts';

/** What `loadCatalog` takes in besides the pool. */
export interface CatalogOptions {
  /**
   * Schemas to offer. Tables and routines of others are left out, and relationships to them; a junction may be another
   * schema's, as whoever follows it must know. Absent: every schema but pg_catalog and information_schema.
   */
  readonly schemas?: readonly string[];
  /** With `schemas`: further schemas whose views are looked through when a view is defined over views. */
  readonly extraSearchPath?: readonly string[];
}

/** The catalog queries by name, in the order in which they are sent; results come back in the same order. */
export const CATALOG_QUERIES = [
  'settings',
  'version',
  'schemas',
  'relations',
  'references',
  'types',
  'enums',
  'compositeTypes',
  'domains',
  'views',
  'routines',
  'computedRelationships',
  'computedFields',
  'representations',
  'mediaHandlers',
] as const;

export type CatalogQuery = (typeof CATALOG_QUERIES)[number];

/** Relations that exist for users; temporary ones belong to one session and are nobody's API. */
const USER_RELATION = `c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
  and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`;

/** `$1` is null for every schema, else the list of schemas. */
const IN_SCHEMAS = `(($1::text[] is null and n.nspname not in ('pg_catalog', 'information_schema')) or n.nspname = any($1::text[]))`;

/** Domains and the type each finally rests on; a recursion of its own, as pg_basetype() is new in 17. */
const BASE_TYPES = `base_types(oid, base) as (
    select oid, typbasetype from pg_type where typtype = 'd'
    union all
    select b.oid, t.typbasetype from base_types b join pg_type t on t.oid = b.base where t.typtype = 'd'
  )`;

/**
 * Relations that arrive in one cell. A cell a fact would be millions of small objects, which the garbage collector
 * copies while every request waits; so a relation's facts are one line of JSON, and many lines one cell.
 */
const RELATIONS_PER_ROW = 256;

const TEXT: Record<CatalogQuery, string> = {
  // On this search path every name below is PostgreSQL's own, whatever the session was left with, and format_type,
  // regtype and pg_get_expr print qualified names. Compiling these queries costs more than running them, and sorts of
  // half a million columns shall not go to disk.
  settings: `select pg_catalog.set_config('search_path', '${PRIVILEGED_SEARCH_PATH}', true),
    pg_catalog.set_config('jit', 'off', true), pg_catalog.set_config('work_mem', '64MB', true)`,

  version: `select current_setting('server_version_num')`,

  schemas: `select nspname, obj_description(oid, 'pg_namespace') from pg_namespace
    where nspname not like 'pg\\_toast%' and nspname not like 'pg\\_temp\\_%' order by nspname collate "C"`,

  /*
   * Heads: [oid, schema, name, kind, isPartition, updates]. Bodies, a line each:
   * [[[attnum, name, typeOid, typmod, flags], …], [[constraint, kind, target, columns, targetColumns], …],
   *  [[attnum, default], …], [[attnum, comment], …], comment]
   * with flags 1 not null, 2 identity always, 4 identity by default, 8 generated. A default has no columns in it,
   * so that pg_get_expr needs no relation, which makes it ten times cheaper.
   */
  relations: `with
    relation as materialized (
      select c.oid, n.nspname, c.relname, c.relkind, c.relispartition,
        row_number() over (order by n.nspname collate "C", c.relname collate "C") as i
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${USER_RELATION}
    ),
    columns as (
      select a.attrelid as oid, string_agg(concat('[', a.attnum, ',', to_json(a.attname::text), ',', a.atttypid, ',',
        a.atttypmod, ',', a.attnotnull::int + case a.attidentity when 'a' then 2 when 'd' then 4 else 0 end
        + case a.attgenerated when '' then 0 else 8 end, ']'), ',' order by a.attnum) as list
      from pg_attribute a join relation r on r.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped
      group by a.attrelid
    ),
    constraints as (
      select k.conrelid as oid, string_agg(concat('[', to_json(k.conname::text), ',"', k.contype, '",', k.confrelid,
        ',[', array_to_string(k.conkey, ','), '],[', array_to_string(k.confkey, ','), ']]'), ','
        order by k.conname) as list
      from pg_constraint k
      where k.contype in ('p', 'u') or (k.contype = 'f' and k.conparentid = 0)
      group by k.conrelid
    ),
    defaults as (
      select oid, string_agg(concat('[', attnum, ',', to_json(expression), ']'), ',') as list
      from (
        -- The case keeps the planner from evaluating generation expressions, which do have columns in them.
        select d.adrelid as oid, d.adnum as attnum,
          case when a.attgenerated = '' then pg_get_expr(d.adbin, 0) end as expression
        from pg_attrdef d
        join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        join relation r on r.oid = d.adrelid
        union all
        select a.attrelid, a.attnum, format('nextval(%L)', s.objid::regclass)
        from pg_attribute a
        join pg_depend s on s.refclassid = 'pg_class'::regclass and s.refobjid = a.attrelid
          and s.refobjsubid = a.attnum and s.classid = 'pg_class'::regclass and s.deptype = 'i'
        where a.attidentity = 'd' and not a.attisdropped
      ) _
      where expression is not null
      group by oid
    ),
    comments as (
      select d.objoid as oid, string_agg(concat('[', d.objsubid, ',', to_json(d.description), ']'), ',') as list
      from pg_description d
      where d.classoid = 'pg_class'::regclass and d.objsubid > 0
      group by d.objoid
    )
    select
      json_agg(json_build_array(r.oid::bigint, r.nspname, r.relname, r.relkind, r.relispartition,
        case when r.relkind in ('r', 'p') then 28 when r.relkind = 'm' then 0
          else pg_relation_is_updatable(r.oid, true) end) order by r.i),
      string_agg(concat('[[', columns.list, '],[', constraints.list, '],[', defaults.list, '],[', comments.list, '],',
        coalesce(to_json(d.description)::text, 'null'), ']'), E'\\n' order by r.i)
    from relation r
    left join columns using (oid)
    left join constraints using (oid)
    left join defaults using (oid)
    left join comments using (oid)
    left join pg_description d on d.objoid = r.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
    group by r.i / ${RELATIONS_PER_ROW}
    order by r.i / ${RELATIONS_PER_ROW}`,

  /** Who refers to whom: oids of source and target, in turn. */
  references: `select string_agg(concat(conrelid, ' ', confrelid), ' ')
    from (select distinct conrelid, confrelid from pg_constraint where contype = 'f' and conparentid = 0) _`,

  types: `with recursive ${BASE_TYPES},
    used as (
      select distinct a.atttypid as oid, a.atttypmod as mod
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and ${USER_RELATION}
    )
    select u.oid, u.mod,
      case when bt.typnamespace = 'pg_catalog'::regnamespace then format_type(bt.oid, null)
        else format_type(u.oid, u.mod) end,
      format_type(u.oid, u.mod),
      information_schema._pg_char_max_length(
        case when t.typtype = 'd' then t.typbasetype else t.oid end,
        case when t.typtype = 'd' then t.typtypmod else u.mod end),
      bt.oid, (bt.typtype = 'c')::int, (bt.typcategory = 'A')::int,
      (t.typtype = 'd' and t.typnotnull)::int,
      case when t.typtype = 'd' then pg_get_expr(t.typdefaultbin, 0) end
    from used u
    join pg_type t on t.oid = u.oid
    join pg_type bt on bt.oid = coalesce(
      (select b.base from base_types b join pg_type x on x.oid = b.base where b.oid = u.oid and x.typtype <> 'd'), u.oid)`,

  enums: `select t.oid, n.nspname, t.typname, json_agg(e.enumlabel order by e.enumsortorder)
    from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
    group by t.oid, n.nspname, t.typname order by n.nspname collate "C", t.typname collate "C"`,

  compositeTypes: `select n.nspname, c.relname,
      json_agg(json_build_array(a.attname, format_type(a.atttypid, null)) order by a.attnum)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'c' and n.nspname not in ('pg_catalog', 'information_schema')
    group by n.nspname, c.relname order by n.nspname collate "C", c.relname collate "C"`,

  domains: `with recursive ${BASE_TYPES}
    select n.nspname, d.typname, format_type(t.oid, null)
    from base_types b
    join pg_type d on d.oid = b.oid
    join pg_namespace n on n.oid = d.typnamespace
    join pg_type t on t.oid = b.base and t.typtype <> 'd'
    where n.nspname not in ('pg_catalog', 'information_schema')
    order by n.nspname collate "C", d.typname collate "C"`,

  // Rules are long, and only their scanner can tell which part matters.
  views: `select c.oid, r.ev_action
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
    where c.relkind in ('v', 'm') and c.relpersistence <> 't'
      and (${IN_SCHEMAS} or n.nspname = any($2::text[]))`,

  routines: `with recursive ${BASE_TYPES}
    select p.oid, n.nspname, p.proname, d.description, coalesce(a.inputs, '[]'), coalesce(a.outputs, '[]'),
      tn.nspname, coalesce(rc.relname, t.typname), format_type(p.prorettype, null), p.proretset::int,
      case when t.typtype = 'c' or p.proargmodes && '{t,b,o}' then 'composite'
        when t.oid = 'void'::regtype then 'void' else 'scalar' end,
      p.provolatile, (p.provariadic > 0)::int, to_json(p.proconfig), l.lanname, p.pronargdefaults
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    join pg_type t on t.oid = coalesce((select b.base from base_types b join pg_type x on x.oid = b.base
      where b.oid = p.prorettype and x.typtype <> 'd'), p.prorettype)
    join pg_namespace tn on tn.oid = t.typnamespace
    left join pg_class rc on rc.oid = t.typrelid
    left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
    left join lateral (
      select
        json_agg(json_build_array(coalesce(name, ''), format_type(type, null), input, (mode = 'v')::int)
          order by i) filter (where mode in ('i', 'b', 'v')) as inputs,
        json_agg(json_build_array(coalesce(name, ''), format_type(type, null)) order by i)
          filter (where mode in ('o', 'b', 't')) as outputs
      from (
        select name, type, coalesce(mode, 'i') as mode, i,
          count(*) filter (where coalesce(mode, 'i') in ('i', 'b', 'v')) over (order by i) as input
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
          with ordinality as _(type, name, mode, i)
      ) _
    ) a on true
    where p.prokind = 'f' and t.oid <> 'trigger'::regtype and ${IN_SCHEMAS}
      -- Arguments are passed by name; one without a name can only be the whole request body.
      and (p.proargnames is not null or p.pronargs = 0 or (p.pronargs = 1
        and p.proargtypes[0] in ('bytea'::regtype, 'json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype)))
    order by n.nspname collate "C", p.proname collate "C", p.pronargs,
      pg_get_function_identity_arguments(p.oid) collate "C"`,

  computedRelationships: `select n.nspname, p.proname, s.oid, f.oid, (not p.proretset or p.prorows = 1)::int
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_class s on s.reltype = p.proargtypes[0] and s.relkind in ('r', 'p', 'v', 'm', 'f')
    join pg_class f on f.reltype = p.prorettype and f.relkind in ('r', 'p', 'v', 'm', 'f')
    where p.pronargs = 1 and s.reltype <> 0 and f.reltype <> 0
    order by n.nspname collate "C", p.proname collate "C", s.oid`,

  computedFields: `select s.oid, n.nspname, p.proname, format_type(p.prorettype, null), p.proretset::int
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_class s on s.reltype = p.proargtypes[0] and s.reltype <> 0 and s.relkind in ('r', 'p', 'v', 'm', 'f')
    where p.pronargs = 1 and p.prokind = 'f' and ${IN_SCHEMAS}
      and not exists (select from pg_class f where f.reltype = p.prorettype and f.reltype <> 0
        and f.relkind in ('r', 'p', 'v', 'm', 'f'))
    order by s.oid, n.nspname collate "C", p.proname collate "C"`,

  representations: `select format_type(c.castsource, null), format_type(c.casttarget, null), n.nspname, p.proname
    from pg_cast c
    join pg_type s on s.oid = c.castsource
    join pg_type t on t.oid = c.casttarget
    join pg_proc p on p.oid = c.castfunc
    join pg_namespace n on n.oid = p.pronamespace
    where c.castcontext = 'i' and c.castmethod = 'f' and has_function_privilege(p.oid, 'execute')
      and ((s.typtype = 'd' and t.oid in ('json'::regtype, 'text'::regtype))
        or (t.typtype = 'd' and s.oid in ('json'::regtype, 'text'::regtype)))
    order by 1, 2`,

  mediaHandlers: `with media as (
      select t.oid, t.typname, n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace
      where t.typtype = 'd' and (t.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$' or t.typname = '*/*')
    )
    select m.nspname, m.typname, n.nspname, p.proname, (p.prokind = 'a')::int, rn.nspname, r.relname
    from media m
    join pg_proc p on p.prorettype = m.oid
    join pg_namespace n on n.oid = p.pronamespace
    left join pg_class r on p.prokind = 'a' and r.reltype = p.proargtypes[0] and r.reltype <> 0
      and r.relkind in ('r', 'p', 'v', 'm', 'f')
    left join pg_namespace rn on rn.oid = r.relnamespace
    where ${IN_SCHEMAS} and (
      (p.prokind = 'a' and p.pronargs = 1 and (r.oid is not null or p.proargtypes[0] = 'anyelement'::regtype))
      or (p.prokind = 'f' and not p.proretset))
    order by n.nspname collate "C", p.proname collate "C", m.typname collate "C", rn.nspname collate "C",
      r.relname collate "C"`,
};

/** The statements that read the whole catalog, to be run in one repeatable-read exchange. Pure. */
export function catalogStatements(options: CatalogOptions): readonly Statement[] {
  const schemas = options.schemas === undefined ? null : arrayLiteral(options.schemas);
  const extra = arrayLiteral(options.extraSearchPath ?? []);
  return CATALOG_QUERIES.map(name => {
    const text = TEXT[name];
    const values = text.includes('$2') ? [schemas, extra] : text.includes('$1') ? [schemas] : [];
    return { text, values, prepare: false };
  });
}
