/** What in a database opens more than its owner may mean, or less: each with the statement that mends it. */
import { isNotPostgres, STRANGER_ROLES, VISITOR_ROLES } from '@peakstone/kernel/inventory';
import { arrayLiteral, type Pool, quoteLiteral } from '@peakstone/kernel/pg';
import { type Check, ok, warn } from '../../project/check.ts';

interface Lint {
  /** Of its checks. */
  readonly title: string;
  /** When nothing is found. */
  readonly well: string;
  /** Two columns: what was found, and the statement. `$1` holds the schemas that the APIs serve. */
  readonly sql: string;
}

/** Kinds of what has a name in a schema, by the catalog that holds them. */
const named: readonly (readonly [catalog: string, namespace: string, owner: string])[] = [
  ['pg_class', 'relnamespace', 'relowner'],
  ['pg_proc', 'pronamespace', 'proowner'],
  ['pg_type', 'typnamespace', 'typowner'],
  ['pg_operator', 'oprnamespace', 'oprowner'],
  ['pg_collation', 'collnamespace', 'collowner'],
  ['pg_opclass', 'opcnamespace', 'opcowner'],
];

/** Findings of one lint that are shown one by one. */
const maxShown = 20;

/** In an exposed schema, and no extension's. */
const ours = (catalog: string, row: string): string => `n.nspname = any ($1::text[])
  and not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${row}.oid and e.deptype = 'e')`;

/** Roles that requests without a token, or with anybody's, take. */
const visitors = `(select oid, rolname from pg_roles where rolname in (${VISITOR_ROLES.map(quoteLiteral).join(', ')}))`;
const strangers = `(select oid, rolname from pg_roles where rolname in (${STRANGER_ROLES.map(quoteLiteral).join(', ')}))`;

/**
 * Somebody granted it to that very role, or to one that it belongs to: it is meant to be called. A grant that every function gets by default says nothing.
 */
const isMeant = `exists (select from aclexplode(p.proacl) a where a.grantee <> 0 and a.grantee <> p.proowner and pg_has_role(r.oid, a.grantee, 'usage'))
    and not exists (select from pg_default_acl d, aclexplode(d.defaclacl) a where d.defaclobjtype = 'f' and a.grantee = r.oid)`;

/** Policies, views, defaults, checks and computed fields call it for whoever asks, and would fail without the privilege. */
const isBuiltUpon = `exists (select from pg_depend u where u.refclassid = 'pg_proc'::regclass and u.refobjid = p.oid
      and u.classid in ('pg_policy'::regclass, 'pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass))
    or p.pronargs >= 1 and exists (select from pg_class t where t.reltype = p.proargtypes[0] and t.relkind in ('r', 'p', 'v', 'm', 'f'))`;

const lints: readonly Lint[] = [
  {
    title: 'Row security',
    well: 'on for every table that requests may reach',
    sql: `select format('%s has none: %s', c.oid::regclass, string_agg(format('%s may %s', r.rolname, p.may), ', ' order by r.rolname)),
    format('alter table %s enable row level security;', c.oid::regclass)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join ${strangers} r
  cross join lateral (select string_agg(lower(name), ', ' order by place) as may
    from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) with ordinality as q(name, place)
    where has_table_privilege(r.oid, c.oid, name)) p
  where c.relkind in ('r', 'p') and not c.relrowsecurity and not c.relispartition and p.may is not null
    and has_schema_privilege(r.oid, n.oid, 'usage') and ${ours('pg_class', 'c')}
  group by c.oid order by 1`,
  },
  {
    title: 'Policy',
    well: 'each has the grant that it needs',
    sql: `select format('%s on %s lets %s %s, who lacks the grant', quote_ident(p.polname), c.oid::regclass, r.rolname, lower(w.name)),
    format('grant %s on %s to %I;', lower(w.name), c.oid::regclass, r.rolname)
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_roles r on r.oid = any (p.polroles)
  cross join lateral (select case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'SELECT' end as name) w
  where p.polpermissive and ${ours('pg_class', 'c')}
    and not (has_table_privilege(r.oid, c.oid, w.name)
      or w.name <> 'DELETE' and has_any_column_privilege(r.oid, c.oid, case w.name when 'DELETE' then 'SELECT' else w.name end))
  union all
  select format('those of %s do nothing: its row security is off', c.oid::regclass),
    format('alter table %s enable row level security;', c.oid::regclass)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where not c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid) and ${ours('pg_class', 'c')}
  order by 1`,
  },
  {
    title: 'Owner',
    well: 'no table that the APIs serve is the superuser’s',
    sql: `select format('%s belongs to the superuser %s', c.oid::regclass, o.rolname),
    format('alter %s %s owner to db_migrator;', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, c.oid::regclass)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = c.relowner
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and o.rolsuper and ${ours('pg_class', 'c')} order by 1`,
  },
  {
    title: 'Function',
    well: 'visitors can call none that may change something, but those granted to them by name',
    sql: `select format('%s may be called by %s%s', p.oid::regprocedure, string_agg(r.rolname, ', ' order by r.rolname),
      case when p.prosecdef then format(', with the rights of %s', pg_get_userbyid(p.proowner)) else '' end),
    format('revoke execute on %s %s from public, %s; grant execute on %1$s %2$s to app_user;',
      case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure, string_agg(quote_ident(r.rolname), ', ' order by r.rolname))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join ${visitors} r
  where p.prokind in ('f', 'p') and (p.provolatile = 'v' or p.prosecdef)
    and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and has_function_privilege(r.oid, p.oid, 'execute') and has_schema_privilege(r.oid, n.oid, 'usage') and ${ours('pg_proc', 'p')}
    and not (${isMeant}) and not (${isBuiltUpon})
  group by p.oid order by 1`,
  },
  {
    title: 'Trust',
    well: 'nothing of the superuser’s calls a function of a lesser role',
    // Given to the function's owner, what calls it has no more rights than that. Never the other way: its owner may have
    // written anything into it.
    sql: `select format('%s, the superuser’s, calls %s, which %s may change', d.what, d.called, d.owner), d.mend
  from (
    select pg_describe_object(u.classid, u.objid, 0) as what, p.oid::regprocedure as called, r.rolname as owner,
      case when e.oid is not null then format('alter event trigger %I disable;', e.evtname)
        when f.oid is not null then format('alter routine %s owner to %I;', f.oid::regprocedure, r.rolname)
        when t.oid is not null then format('alter domain %s owner to %I;', t.oid::regtype, r.rolname)
        else format('alter %s %s owner to %I;', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, c.oid::regclass, r.rolname)
      end as mend
    from pg_proc p join pg_roles r on r.oid = p.proowner and not r.rolsuper
    join pg_depend u on u.refclassid = 'pg_proc'::regclass and u.refobjid = p.oid
    left join pg_trigger g on u.classid = 'pg_trigger'::regclass and g.oid = u.objid
    left join pg_rewrite w on u.classid = 'pg_rewrite'::regclass and w.oid = u.objid
    left join pg_attrdef a on u.classid = 'pg_attrdef'::regclass and a.oid = u.objid
    left join pg_constraint k on u.classid = 'pg_constraint'::regclass and k.oid = u.objid
    left join pg_policy y on u.classid = 'pg_policy'::regclass and y.oid = u.objid
    left join pg_index i on u.classid = 'pg_class'::regclass and i.indexrelid = u.objid
    left join pg_event_trigger e on u.classid = 'pg_event_trigger'::regclass and e.oid = u.objid and e.evtenabled <> 'D'
    left join pg_proc f on u.classid = 'pg_proc'::regclass and f.oid = u.objid
    left join pg_type t on t.oid = k.contypid and k.contypid <> 0
    left join pg_class c on c.oid = coalesce(g.tgrelid, w.ev_class, a.adrelid, nullif(k.conrelid, 0), y.polrelid, i.indrelid)
    join pg_roles s on s.oid = coalesce(e.evtowner, f.proowner, t.typowner, c.relowner) and s.rolsuper
  ) d order by 1`,
  },
  {
    title: 'Catalog',
    well: 'all of PostgreSQL’s own schemas is the superuser’s, and nobody else may add to them',
    // Moved, not dropped: it may be somebody's by mistake.
    sql: `select format('%s belongs to %s, and every session, the administrator’s too, finds it before all else', pg_describe_object(o.catalog, o.oid, 0), r.rolname),
    format('alter %s %s set schema public;', i.type, i.identity)
  from (${named.map(([catalog, namespace, owner]) => `select '${catalog}'::regclass as catalog, oid, ${namespace} as namespace, ${owner} as owner from ${catalog}`).join(' union all ')}) o
  join pg_namespace n on n.oid = o.namespace and n.nspname in ('pg_catalog', 'information_schema')
  join pg_roles r on r.oid = o.owner and not r.rolsuper
  cross join pg_identify_object(o.catalog, o.oid, 0) i
  where not exists (select from pg_depend d where d.classid = o.catalog and d.objid = o.oid and d.deptype in ('e', 'i', 'a'))
  union all
  select format('%s may make things in %I, where every session looks first', coalesce(r.rolname, 'everybody'), n.nspname),
    format('revoke create on schema %I from %s;', n.nspname, coalesce(quote_ident(r.rolname), 'public'))
  from pg_namespace n cross join aclexplode(n.nspacl) a left join pg_roles r on r.oid = a.grantee
  where n.nspname in ('pg_catalog', 'information_schema') and a.privilege_type = 'CREATE' and not coalesce(r.rolsuper, false)
  order by 1`,
  },
  {
    title: 'Search path',
    well: 'fixed in every function with its owner’s rights',
    sql: `select format('%s runs with the rights of %s and looks names up where its caller says', p.oid::regprocedure, pg_get_userbyid(p.proowner)),
    format('alter %s %s set search_path = pg_catalog, %I, extensions, pg_temp;', case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure, n.nspname)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prosecdef and p.prosqlbody is null and not exists (select from unnest(p.proconfig) s where s like 'search_path=%')
    and ${isNotPostgres('n.nspname')}
    and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
  order by 1`,
  },
];

/** Findings of every lint in the schemas that the APIs serve. `pool` looks on pg_catalog alone. */
export async function lintDatabase(pool: Pool, schemas: readonly string[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { title, well, sql } of lints) {
    const values = sql.includes('$1') ? [arrayLiteral(schemas)] : [];
    const { rows } = await pool.query(sql, values);
    if (rows.length === 0) checks.push(ok(title, well));
    for (const [found, statement] of rows.slice(0, maxShown)) {
      const mend = statement!.toString();
      checks.push({ ...warn(title, found!.toString(), mend), sql: mend });
    }
    if (rows.length > maxShown)
      checks.push(warn(title, `and ${rows.length - maxShown} more`, 'Mend those above, then look again.'));
  }
  return checks;
}
