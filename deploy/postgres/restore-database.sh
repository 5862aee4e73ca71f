#!/usr/bin/env bash
# restore-database [DATABASE] < FILE: puts a dump (pg_dump -Fc) in place of all that a database holds, POSTGRES_DB's unless named.
#
# One transaction empties the database and fills it again: whole or not at all, and what came after the dump is gone with the
# rest. pg_restore --clean drops only what the dump names, and fails where something newer rests on it. The database itself
# stays, with its settings and its privileges: a new one under the old name would lack them, and pg_cron lives in one that the server names.
set -euo pipefail

user=${POSTGRES_USER:-postgres}
database=${1:-${POSTGRES_DB:-$user}}

# What is not the server's own has an oid from 16384 up, as pg_dump tells them apart.
empty_database() {
  cat << 'SQL'
begin;
set local client_min_messages = error;
set event_triggers = off;
set search_path = pg_catalog, pg_temp;
set statement_timeout = 0;
set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;
select format('alter subscription %I disable', subname), format('alter subscription %I set (slot_name = none)', subname),
       format('drop subscription %I', subname)
from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) \gexec
select format('drop extension if exists %I cascade', extname) from pg_extension where oid >= 16384 \gexec
select format('drop event trigger if exists %I', evtname) from pg_event_trigger \gexec
select format('drop publication if exists %I', pubname) from pg_publication \gexec
select format('drop schema if exists %I cascade', nspname) from pg_namespace
where (oid >= 16384 and nspname !~ '^pg_') or nspname = 'public' \gexec
select format('drop foreign data wrapper if exists %I cascade', fdwname) from pg_foreign_data_wrapper where oid >= 16384 \gexec
select format('drop language if exists %I cascade', lanname) from pg_language where oid >= 16384 \gexec
select format('drop access method if exists %I cascade', amname) from pg_am where oid >= 16384 \gexec
select format('drop cast if exists (%s as %s)', castsource::regtype, casttarget::regtype) from pg_cast where oid >= 16384 \gexec
select count(lo_unlink(oid)) from pg_largeobject_metadata;
-- Default privileges outside of a schema go back to what a new database has, which leaves no trace of them.
select format('alter default privileges for role %s %s on %s %s %s', defaclrole::regrole, verb,
              case defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                when 'T' then 'types' else 'schemas' end,
              preposition, case grantee when 0 then 'public' else grantee::regrole::text end)
from pg_default_acl, lateral (
  select 1 as turn, 'revoke all' as verb, 'from' as preposition, grantee from aclexplode(defaclacl)
  union all
  select 2, 'grant ' || privilege_type, 'to', grantee
  from aclexplode(acldefault(case defaclobjtype when 'S' then 's' else defaclobjtype end, defaclrole))
) as step
where defaclnamespace = 0 order by turn \gexec
-- As a new database has it; a dump changes it and does not make it.
create schema public authorization pg_database_owner;
comment on schema public is 'standard public schema';
grant usage on schema public to public;
SQL
}

# pg_restore ends its script with COMMIT: one that is cut short has none, and the session's end takes everything back.
if ! { empty_database; pg_restore --single-transaction --file=-; } |
  psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -U "$user" -d "$database"; then
  echo "restore-database: $database is as it was" >&2
  exit 1
fi
