/**
 * The stack's extensions, in a schema of their own. In `public` an API would serve their functions, and a script of
 * theirs, which runs as the superuser, would find what db_migrator has put there.
 * @see https://www.postgresql.org/docs/17/extend-extensions.html#EXTEND-EXTENSIONS-SECURITY
 */
import { EXTENSIONS_SCHEMA, STACK_SCHEMAS, type StackExtension } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Step } from './model.ts';
import { ownSchemaStatements, READERS, WRITERS } from './schemas.ts';
import { attempt, block, isTrusted, literals, NOT_DONE } from './sql.ts';

const schema = id(EXTENSIONS_SCHEMA);

export interface ExtensionOptions {
  readonly database: string;
  /** Schemas that are served, and that extensions leave. */
  readonly schemas: readonly string[];
  /** Roles whose settings, search path included, another step sets. */
  readonly roles: readonly string[];
}

export function extensionSteps(extensions: readonly StackExtension[], options: ExtensionOptions): Step[] {
  return [
    {
      name: `schema ${EXTENSIONS_SCHEMA}`,
      statements: [
        ...ownSchemaStatements(EXTENSIONS_SCHEMA, 'take over'),
        `grant usage on schema ${schema} to public`,
      ],
    },
    { name: `${EXTENSIONS_SCHEMA} on search paths`, statements: searchPathStatements(options) },
    ...extensions.map(extension => ({
      name: `extension ${extension.name}`,
      statements: [
        makeStatement(extension),
        ...(extension.fixedSchema === undefined ? [moveStatement(extension, options.schemas)] : []),
        ...(extension.onlyFor === undefined ? [] : [closeStatement(extension.name, extension.onlyFor)]),
      ],
    })),
  ];
}

/** Where nobody looks for an extension, and only who means harm, or an import that was led on, would have put it. */
const NOT_FOR_EXTENSIONS = [
  'pg_catalog',
  'information_schema',
  ...STACK_SCHEMAS.map(({ name }) => name).filter(name => name !== EXTENSIONS_SCHEMA),
];

/** Members of the schema that lesser roles own: an extension's script might call them. */
const planted = `
      select distinct pg_get_userbyid(owner) as name from (
        select pronamespace, proowner from pg_proc union all select oprnamespace, oprowner from pg_operator
        union all select typnamespace, typowner from pg_type union all select relnamespace, relowner from pg_class
      ) as object (namespace, owner)
      where namespace = ${literal(EXTENSIONS_SCHEMA)}::regnamespace and not ${isTrusted('owner')}`;

function makeStatement({ name, fixedSchema }: StackExtension): string {
  return attempt(
    `extension ${name}`,
    `
  if not exists (select from pg_extension where extname = ${literal(name)}) then
    select string_agg(name, ', ') into owners from (${planted}) as planted;
    if owners is not null then
      raise exception 'schema ${EXTENSIONS_SCHEMA} holds objects of %', owners;
    end if;
    create extension ${id(name)} schema ${fixedSchema ?? schema};
  end if;`,
    'owners text;',
  );
}

/**
 * Moves an extension out of a schema that is served. What refers to it by object, such as columns, indexes, views and
 * policies, follows; names in statements are found by the search path. Only text that is looked up on a path of its own,
 * or that names the schema, would break: where there is such a function, the extension stays and the report says so.
 */
function moveStatement({ name }: StackExtension, schemas: readonly string[]): string {
  return attempt(
    `extension ${name} into schema ${EXTENSIONS_SCHEMA}`,
    `
  select e.oid, n.nspname into extension, place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = ${literal(name)} and n.nspname in (${literals([...schemas, ...NOT_FOR_EXTENSIONS])});
  if extension is null then
    return;
  end if;
  select string_agg(name, ', ') into owners from (${strangersOf}) as stranger;
  if owners is not null then
    raise warning using errcode = '${NOT_DONE}', detail = ${literal(`extension ${name} into schema ${EXTENSIONS_SCHEMA}`)},
      message = format('it stays in %I: it, or something that was added to it, belongs to %s', place, owners);
    return;
  end if;
  select string_agg(f.function, ', ' order by f.function) filter (where f.rank <= ${MAX_NAMED})
      || case when count(*) > ${MAX_NAMED} then format(' and %s more', count(*) - ${MAX_NAMED}) else '' end
    into users from (select function, row_number() over (order by function) as rank from (${functionsThatBreak}) as found) as f;
  if users is null or place in (${literals(NOT_FOR_EXTENSIONS)}) then
    alter extension ${id(name)} set schema ${schema};
  else
    raise warning using errcode = '${NOT_DONE}', detail = ${literal(`extension ${name} into schema ${EXTENSIONS_SCHEMA}`)},
      message = format('it stays in %I, where these functions look for it: %s; add ${EXTENSIONS_SCHEMA} to their search_path', place, users);
  end if;`,
    'extension oid; place name; users text; owners text;',
  );
}

/**
 * Given `extension`, its oid: lesser roles that own it, or one of its members. Its owner may add what he likes to it, and
 * that would come along into a schema which everybody's search path has, and where only we write.
 */
const strangersOf = `
      select distinct pg_get_userbyid(owner) as name from (
        select extowner from pg_extension where oid = extension
        union all select s.refobjid from pg_shdepend s join pg_depend d on d.classid = s.classid and d.objid = s.objid
          where s.dbid = (select oid from pg_database where datname = current_database()) and s.deptype = 'o'
            and s.refclassid = 'pg_authid'::regclass and d.deptype = 'e'
            and d.refclassid = 'pg_extension'::regclass and d.refobjid = extension
      ) as object (owner) where not ${isTrusted('owner')}`;

/** Functions that a report names. */
const MAX_NAMED = 5;

/**
 * Given `extension`, its oid, and `place`, its schema. No text tells whether `a = b` is the extension's operator, or which
 * types a table has: whatever fixes its path keeps an extension that gives types or operators, because without these
 * the same text goes on with others. Functions of an extension are called by their names, if not there, then in
 * something without a path of its own that it calls, or that its triggers do.
 */
const functionsThatBreak = `
    with member as (
      select classid, objid from pg_depend
      where refclassid = 'pg_extension'::regclass and refobjid = extension and deptype = 'e'
    ),
    named (names) as (
      select string_agg(distinct name, '|') from (
        select proname from pg_proc join member on classid = 'pg_proc'::regclass and objid = pg_proc.oid
        union all select typname from pg_type join member on classid = 'pg_type'::regclass and objid = pg_type.oid
        union all select relname from pg_class join member on classid = 'pg_class'::regclass and objid = pg_class.oid
        union all select opcname from pg_opclass join member on classid = 'pg_opclass'::regclass and objid = pg_opclass.oid
        union all select dictname from pg_ts_dict join member on classid = 'pg_ts_dict'::regclass and objid = pg_ts_dict.oid
      ) as object (name)
    ),
    -- Bodies that were parsed when they were made, refer by object.
    code as (
      select p.oid::regprocedure::text as function,
        coalesce((select substr(setting, length('search_path=') + 1) from unnest(p.proconfig) as setting
          where setting like 'search_path=%'), case when p.prosrc ~* 'search_path' then p.prosrc end) as path,
        p.prosrc ~* ('\\m(' || names || ')\\M') as is_named,
        p.prosrc ~* ('\\m"?' || place || '"?\\s*\\.\\s*"?(' || names || ')\\M')
          or p.prosrc ~* ('operator\\s*\\(\\s*"?' || place || '"?\\s*\\.') as is_qualified
      from named, pg_proc p
      join pg_language l on l.oid = p.prolang and l.lanname not in ('c', 'internal')
      where p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and p.prosqlbody is null
        and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
    )
    select function from code where is_qualified
    union
    select function from code where path ~ ('\\m' || place || '\\M') and path !~ '\\m${EXTENSIONS_SCHEMA}\\M'
      and (exists (select from member where classid in ('pg_type'::regclass, 'pg_operator'::regclass))
        or exists (select from code as other where other.is_named and (other.path is null or other.function = code.function)))`;

/**
 * An extension's views and functions are made for PUBLIC: some would show visitors the statements of all others, who
 * have the same role, or give them memory of the backend to fill with indexes that are none.
 */
function closeStatement(name: string, users: readonly string[]): string {
  const roles = [...READERS, ...WRITERS].map(id).join(', ');
  const grant =
    users.length === 0 ? '' : `execute format('grant all on %s to ${users.map(id).join(', ')}', part);`;
  return block(
    `
  for part in
    select case d.classid when 'pg_class'::regclass then 'table ' || d.objid::regclass else 'function ' || d.objid::regprocedure end
    from pg_depend d join pg_extension e on e.oid = d.refobjid
    where e.extname = ${literal(name)} and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
      and d.classid in ('pg_class'::regclass, 'pg_proc'::regclass)
  loop
    execute format('revoke all on %s from public, ${roles}', part);
    ${grant}
  end loop;`,
    'part text;',
  );
}

/**
 * Every search path ends with the extensions' schema: the database's, which is everybody's, and those that roles of the
 * user's own were given. The bootstrap's own sessions keep theirs, which no setting reaches.
 */
function searchPathStatements({ database, roles }: ExtensionOptions): string[] {
  const here = 's.setdatabase = (select oid from pg_database where datname = current_database())';
  const name = id(database).replaceAll('%', '%%');
  return [
    block(
      `
  for found in
    select role, path, case when role is null then format('alter database ${name} set search_path from current')
      when is_here then format('alter role %I in database ${name} set search_path from current', role)
      else format('alter role %I set search_path from current', role) end as statement
    from (
      select r.rolname as role, s.setdatabase <> 0 as is_here, substr(setting, length('search_path=') + 1) as path
      from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) as setting
      where setting like 'search_path=%' and (${here} or s.setdatabase = 0)
      union all
      select null, true, '"$user", public' where not exists (
        select from pg_db_role_setting s, unnest(s.setconfig) as setting
        where s.setrole = 0 and ${here} and setting like 'search_path=%')
    ) as setting
    where path not in ('', '""') and path !~ '\\m${EXTENSIONS_SCHEMA}\\M' and (role is null or role not in (${literals(roles)}))
  loop
    -- On that path not one name is looked up.
    perform set_config('search_path', found.path || ', ${EXTENSIONS_SCHEMA}', true);
    execute found.statement;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  end loop;`,
      'found record;',
    ),
  ];
}
