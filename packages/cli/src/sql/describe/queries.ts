/**
 * What psql's describing commands ask, as SQL. They run with search_path = pg_catalog, so that nobody's function or
 * operator stands in for PostgreSQL's; `peakstone.visible` holds the schemas that the session itself looks through.
 */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { quoteLiteral } from '@peakstone/kernel/pg';
import { type NamePattern, readPattern } from './pattern.ts';

/** A list of one query, or a relation with all that belongs to it. */
export type Description =
  | { readonly kind: 'list'; readonly sql: string }
  | { readonly kind: 'relation'; readonly pattern: NamePattern; readonly named: string };

/** What can be asked, for those who ask for something else. */
export const describable =
  '\\d, \\d NAME, \\dt, \\dv, \\dm, \\di, \\ds, \\dn, \\df, \\du, \\dp, \\dx, \\dT, \\l';

/**
 * Null for any other text than one such command alone. Pure.
 * @example readDescription('\\dn') // { kind: 'list', sql: 'select n.nspname as "name", …' }
 */
export function readDescription(text: string): Description | null {
  const match = /^\s*\\(d[a-zA-Z]*|l|z)[+]?(?:[ \t]+((?:"[^"]*"|[^\s;\\"])+))?[ \t]*;?\s*$/.exec(text);
  if (!match) return null;
  const [, word = '', named] = match;
  // S for what belongs to the system, which a name finds anyway.
  const command = word.replace(/S$/, '');
  const pattern = named === undefined ? null : readPattern(named);
  if (command === 'd' && pattern && named) return { kind: 'relation', pattern, named };
  const list = Object.hasOwn(lists, command) ? lists[command] : undefined;
  return list ? { kind: 'list', sql: list(pattern) } : null;
}

const lists: Readonly<Record<string, (pattern: NamePattern | null) => string>> = {
  d: pattern => relations('rpvmfS', pattern),
  dt: pattern => relations('rp', pattern),
  dv: pattern => relations('v', pattern),
  dm: pattern => relations('m', pattern),
  ds: pattern => relations('S', pattern),
  dE: pattern => relations('f', pattern),
  di: indexes,
  dn: schemas,
  df: functions,
  du: roles,
  dg: roles,
  dp: privileges,
  z: privileges,
  dx: extensions,
  dT: types,
  l: databases,
};

const ours = isNotPostgres('n.nspname');

function like(expression: string, pattern: string): string {
  return `${expression} like ${quoteLiteral(pattern)}`;
}

/** In the schema of the pattern; without one, in any of the application's. Extensions' own are left out unless named. */
function named(column: string, pattern: NamePattern | null): string {
  if (pattern === null) return ours;
  const { schema, name } = pattern;
  return `${like(column, name)} and ${schema === undefined ? ours : like('n.nspname', schema)}`;
}

function notOfExtension(catalog: string, oid: string, pattern: NamePattern | null): string {
  if (pattern !== null) return 'true';
  return `not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
}

export const kindName = `case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
  when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' when 'i' then 'index'
  when 'I' then 'partitioned index' when 'c' then 'composite type' end`;

function relations(relkinds: string, pattern: NamePattern | null): string {
  return `select n.nspname as "schema", c.relname as "name", ${kindName} as "kind", c.relrowsecurity as "row security",
  pg_get_userbyid(c.relowner) as "owner"
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = any (string_to_array('${relkinds}', null)::"char"[]) and not c.relispartition
  and ${named('c.relname', pattern)} and ${notOfExtension('pg_class', 'c.oid', pattern)}
order by 1, 2`;
}

function indexes(pattern: NamePattern | null): string {
  return `select n.nspname as "schema", c.relname as "name", t.relname as "table",
  pg_size_pretty(pg_relation_size(c.oid)) as "size", pg_get_indexdef(c.oid) as "definition"
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where ${named('c.relname', pattern)} order by 1, 3, 2`;
}

function schemas(pattern: NamePattern | null): string {
  return `select n.nspname as "name", pg_get_userbyid(n.nspowner) as "owner" from pg_namespace n
where ${pattern === null ? ours : like('n.nspname', pattern.name)} order by 1`;
}

function roles(pattern: NamePattern | null): string {
  return `select r.rolname as "role", r.rolcanlogin as "login", r.rolsuper as "superuser", r.rolbypassrls as "bypasses row security",
  array(select b.rolname from pg_auth_members m join pg_roles b on b.oid = m.roleid where m.member = r.oid order by 1) as "member of"
from pg_roles r where ${pattern === null ? `r.rolname !~ '^pg_'` : like('r.rolname', pattern.name)} order by 1`;
}

function functions(pattern: NamePattern | null): string {
  return `select n.nspname as "schema", p.proname as "name", pg_get_function_result(p.oid) as "result",
  pg_get_function_arguments(p.oid) as "arguments",
  case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function' end as "kind",
  p.prosecdef as "security definer"
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where ${named('p.proname', pattern)} and ${notOfExtension('pg_proc', 'p.oid', pattern)} order by 1, 2, 4`;
}

/** One line a grantee: what it may do with each relation, or with columns of it. */
function privileges(pattern: NamePattern | null): string {
  return `select n.nspname as "schema", c.relname as "name", ${kindName} as "kind", g.grantee as "role", g.privileges, g.columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join lateral (
  select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end as grantee,
    string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as privileges, '' as columns
  from aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
  group by a.grantee
  union all
  select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
    lower(a.privilege_type), string_agg(t.attname, ', ' order by t.attnum)
  from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid and not t.attisdropped
  group by a.grantee, a.privilege_type
) g on true
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not c.relispartition
  and ${named('c.relname', pattern)} and ${notOfExtension('pg_class', 'c.oid', pattern)}
order by 1, 2, 4, 6`;
}

function extensions(pattern: NamePattern | null): string {
  return `select e.extname as "name", e.extversion as "version", n.nspname as "schema", obj_description(e.oid, 'pg_extension') as "description"
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where ${pattern === null ? 'true' : like('e.extname', pattern.name)} order by 1`;
}

function types(pattern: NamePattern | null): string {
  return `select n.nspname as "schema", t.typname as "name",
  case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' when 'r' then 'range' when 'm' then 'multirange' else 'base' end as "kind",
  case t.typtype
    when 'e' then (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
    when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
      (select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname) from pg_constraint k where k.contypid = t.oid))
    when 'c' then (select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
      from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
  end as "definition"
from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
where (t.typrelid = 0 or c.relkind = 'c') and t.typelem = 0
  and ${named('t.typname', pattern)} and ${notOfExtension('pg_type', 't.oid', pattern)} order by 1, 2`;
}

function databases(pattern: NamePattern | null): string {
  return `select datname as "name", pg_get_userbyid(datdba) as "owner", pg_encoding_to_char(encoding) as "encoding",
  coalesce(datlocale, datcollate) as "locale",
  case when has_database_privilege(oid, 'connect') then pg_size_pretty(pg_database_size(oid)) end as "size"
from pg_database where not datistemplate and ${pattern === null ? 'true' : like('datname', pattern.name)} order by 1`;
}
