/** The reference's own tables of events in a source's database, column by column. */

/** Where there are none. Names are qualified and functions PostgreSQL's own, as the login may do more than others. */
export const createEventTables = `do $tables$ begin
if pg_catalog.to_regnamespace('hdb_catalog') is null then create schema hdb_catalog; end if;
if pg_catalog.to_regclass('hdb_catalog.event_log') is null then
  create or replace function hdb_catalog.gen_hasura_uuid() returns uuid language sql as 'select gen_random_uuid()';
  create table if not exists hdb_catalog.hdb_source_catalog_version (
    version text not null,
    upgraded_on timestamptz not null
  );
  create unique index if not exists hdb_source_catalog_version_one_row
    on hdb_catalog.hdb_source_catalog_version ((version is not null));
  insert into hdb_catalog.hdb_source_catalog_version (version, upgraded_on) values ('3', now())
    on conflict do nothing;
  create table hdb_catalog.event_log (
    id text primary key default hdb_catalog.gen_hasura_uuid(),
    schema_name text not null,
    table_name text not null,
    trigger_name text not null,
    payload jsonb not null,
    delivered boolean not null default false,
    error boolean not null default false,
    tries integer not null default 0,
    created_at timestamp default now(),
    locked timestamptz,
    next_retry_at timestamp,
    archived boolean not null default false
  );
  create index event_log_trigger_name_idx on hdb_catalog.event_log (trigger_name);
  create index event_log_fetch_events on hdb_catalog.event_log (locked nulls first, next_retry_at nulls first, created_at)
    where delivered = 'f' and error = 'f' and archived = 'f';
  create table hdb_catalog.event_invocation_logs (
    id text primary key default hdb_catalog.gen_hasura_uuid(),
    trigger_name text,
    event_id text,
    status integer,
    request json,
    response json,
    created_at timestamp default now()
  );
  create index event_invocation_logs_event_id_idx on hdb_catalog.event_invocation_logs (event_id);
  create table hdb_catalog.hdb_event_log_cleanups (
    id text primary key default hdb_catalog.gen_hasura_uuid(),
    trigger_name text not null,
    scheduled_at timestamp not null,
    deleted_event_logs integer,
    deleted_event_invocation_logs integer,
    status text not null check (status in ('scheduled', 'paused', 'completed', 'dead')),
    unique (trigger_name, scheduled_at)
  );
end if;
end $tables$;
${insertFunction()}`;

/**
 * Writes an event. Whoever writes rows needs no right on these tables: triggers run as their maker. Nobody else may call
 * it, so that no event is made up. The session's settings are anybody's to set, and are taken for what they are.
 */
function insertFunction(): string {
  return `create or replace function hdb_catalog.insert_event_log(schema_name text, table_name text, trigger_name text, op text, row_data json)
  returns text language plpgsql set search_path = pg_catalog, pg_temp as $body$
  declare
    id text := gen_random_uuid();
    session_variables json;
    trace_context json;
  begin
    if pg_input_is_valid(current_setting('hasura.user', true), 'json') then
      session_variables := current_setting('hasura.user', true);
    end if;
    if pg_input_is_valid(current_setting('hasura.tracecontext', true), 'json') then
      trace_context := current_setting('hasura.tracecontext', true);
    end if;
    insert into hdb_catalog.event_log (id, schema_name, table_name, trigger_name, payload)
    values (id, schema_name, table_name, trigger_name, json_build_object(
      'op', op, 'data', row_data, 'session_variables', session_variables, 'trace_context', trace_context));
    return id;
  end
  $body$;
  revoke execute on function hdb_catalog.insert_event_log(text, text, text, text, json) from public;`;
}

/** When a source has no triggers any more because it is forgotten. The schema stays where metadata is kept in it. */
export const dropEventTables = `
drop table if exists hdb_catalog.event_log, hdb_catalog.event_invocation_logs, hdb_catalog.hdb_event_log_cleanups,
  hdb_catalog.hdb_source_catalog_version;
drop function if exists hdb_catalog.insert_event_log(text, text, text, text, json);
do $schema$ begin
  if pg_catalog.to_regclass('hdb_catalog.hdb_version') is null then
    drop function if exists hdb_catalog.gen_hasura_uuid();
    drop schema if exists hdb_catalog;
  end if;
exception when dependent_objects_still_exist then null;
end $schema$;`;
