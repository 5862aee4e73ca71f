import { schemasWith } from '@peakstone/kernel/inventory';
import { quoteLiteral } from '@peakstone/kernel/pg';

const watched = schemasWith('watched').map(quoteLiteral).join(', ');

/**
 * A digest of each part that the bootstrap makes, so that a start can see in one query whether anything has changed
 * since the last. `$1` the schemas, `$2` the roles, `$3` the extensions, as text arrays. Rows: part (`roles`, `schemas` …),
 * digest. For a privileged session: no name is looked up but on `pg_catalog`.
 */
export const FINGERPRINT_SQL = `
with named as (select oid, rolname from pg_catalog.pg_roles where rolname = any($2::text[])),
lines (part, line) as (
  select 'roles', concat_ws(' ', r.rolname, r.rolcanlogin, r.rolinherit, r.rolbypassrls, r.rolsuper, r.rolcreatedb,
      r.rolcreaterole, r.rolreplication, r.rolconnlimit, r.rolvaliduntil)
    from pg_catalog.pg_roles r join named n on n.oid = r.oid
  union all
  select 'memberships', concat_ws(' ', m.roleid::regrole, m.member::regrole, m.inherit_option, m.set_option, m.admin_option)
    from pg_catalog.pg_auth_members m where m.member in (select oid from named) or m.roleid in (select oid from pg_catalog.pg_roles
      where rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
  union all
  select 'cron', concat_ws(' ', c.relname, c.relowner::regrole, t.tgname, t.tgenabled, t.tgfoid::regproc)
    from pg_catalog.pg_class c left join pg_catalog.pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
    where c.relnamespace = to_regnamespace('cron') and c.relkind in ('r', 'S')
  union all
  -- An import puts tables of its own in the place of ours.
  select 'storage', concat_ws(' ', c.relname, c.relowner::regrole, c.relacl::text, t.tgname, t.tgenabled, t.tgfoid::regproc)
    from pg_catalog.pg_class c left join pg_catalog.pg_trigger t on t.tgrelid = c.oid and t.tgname like 'peakstone\\_%'
    where c.relnamespace = to_regnamespace('storage') and c.relname in ('buckets', 'objects', 'peakstone_deletions')
  union all
  select 'database', concat_ws(' ', d.datname, d.datacl::text) from pg_catalog.pg_database d where d.datname = current_database()
  union all
  select 'schemas', concat_ws(' ', n.nspname, n.nspowner::regrole, n.nspacl::text)
    from pg_catalog.pg_namespace n where n.nspname = any($1::text[] || array[${watched}])
  union all
  select 'defaults', concat_ws(' ', d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype, d.defaclacl::text)
    from pg_catalog.pg_default_acl d where d.defaclrole in (select oid from pg_catalog.pg_roles where rolname in ('db_migrator', current_user))
      and d.defaclnamespace in (select oid from pg_catalog.pg_namespace where nspname = any($1::text[]))
  union all
  select 'functions', concat_ws(' ', p.oid::regprocedure, p.proowner::regrole, p.proacl::text, pg_catalog.pg_get_functiondef(p.oid))
    from pg_catalog.pg_proc p where p.prokind = 'f' and (
      p.pronamespace = to_regnamespace('peakstone')
      or p.pronamespace = to_regnamespace('auth') and p.proname in ('uid', 'jwt', 'role', 'email'))
  union all
  select 'triggers', concat_ws(' ', e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regproc)
    from pg_catalog.pg_event_trigger e where e.evtname like 'peakstone\\_%'
  union all
  select 'extensions', concat_ws(' ', e.extname, e.extnamespace::regnamespace) from pg_catalog.pg_extension e where e.extname = any($3::text[])
  union all
  select 'role settings', concat_ws(' ', s.setrole::regrole, s.setdatabase, array_to_string(s.setconfig, ' '))
    from pg_catalog.pg_db_role_setting s where s.setrole in (select oid from named)
  union all
  select 'search path', setting from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) as setting
    where s.setrole = 0 and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
      and setting like 'search_path=%'
  union all
  select 'large objects', concat_ws(' ', p.proname, p.proacl::text) from pg_catalog.pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea'))
select part, md5(string_agg(line, e'\\n' order by line collate "C")) from lines group by part order by part`;
