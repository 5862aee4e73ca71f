/**
 * What stands in for pg_cron where the server does not have it: the same tables and functions, run by the stack's own
 * scheduler. Jobs run as db_migrator, which alone may schedule them: another role's would need a login of its own, and
 * the administrator's would be the administrator's acts.
 * @see https://github.com/citusdata/pg_cron
 */
import { CRON_CHANNEL } from '@peakstone/kernel/cron';
import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { isSchedule } from './cronSchedule.ts';
import type { Step } from './model.ts';
import { ownSchemaStatements } from './schemas.ts';
import { block, isTrusted } from './sql.ts';

/** How a bootstrap knows that the tables are these and not the extension's. */
const CRON_COMMENT = 'In the place of pg_cron: run by PeakStone’s scheduler';

const OWNER = '"db_migrator"';
const SETTINGS = 'set search_path = pg_catalog, pg_temp';

export function cronSteps(): Step[] {
  return [
    {
      name: "pg_cron's tables and functions",
      statements: [
        ...ownSchemaStatements('cron', 'set aside'),
        `comment on schema cron is ${literal(CRON_COMMENT)}`,
        `grant usage on schema cron to ${OWNER}`,
        'create sequence if not exists cron.jobid_seq',
        'create sequence if not exists cron.runid_seq',
        `create table if not exists cron.job (
    jobid bigint primary key default nextval('cron.jobid_seq'), schedule text not null, command text not null,
    nodename text not null default 'localhost', nodeport integer not null default current_setting('port')::integer,
    database text not null default current_database(), username text not null default current_user,
    active boolean not null default true, jobname text, constraint jobname_username_uniq unique (jobname, username))`,
        `create table if not exists cron.job_run_details (
    jobid bigint, runid bigint primary key default nextval('cron.runid_seq'), job_pid integer, database text, username text,
    command text, status text, return_message text, start_time timestamp with time zone, end_time timestamp with time zone)`,
        ownStatement(),
        ...['job', 'job_run_details'].flatMap(tableStatements),
        `grant usage, select on sequence cron.jobid_seq, cron.runid_seq to ${OWNER}`,
        ...guardStatements(),
        ...routines.flatMap(routineStatements),
      ],
    },
  ];
}

/** What is in the schema belongs to nobody of less power, nor do triggers call what does: the administrator writes here as well. */
function ownStatement(): string {
  const schema = `(select oid from pg_namespace where nspname = 'cron')`;
  return block(
    `
  for found in
    select format('alter table %s owner to current_user', c.oid::regclass) as statement
    from pg_class c where c.relnamespace = ${schema} and c.relkind in ('r', 'S') and not ${isTrusted('c.relowner')}
      -- A column's own sequence follows its table.
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
        and c.relkind = 'S')
    union all
    -- Not taken over: somebody else wrote it. Ours are made anew.
    select format('drop routine if exists %s cascade', p.oid::regprocedure)
    from pg_proc p where p.pronamespace = ${schema} and not ${isTrusted('p.proowner')}
    union all
    select format('drop trigger if exists %I on %s', t.tgname, c.oid::regclass)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
    where c.relnamespace = ${schema} and not t.tgisinternal and not ${isTrusted('p.proowner')}
  loop
    execute found.statement;
  end loop;`,
    'found record;',
  );
}

/** Everybody sees and changes what is their own, as there. */
function tableStatements(table: string): string[] {
  return [
    `grant select, insert, update, delete on cron.${table} to ${OWNER}`,
    `alter table cron.${table} enable row level security`,
    block(`
  if not exists (select from pg_policy where polrelid = 'cron.${table}'::regclass and polname = 'cron_${table}_policy') then
    create policy cron_${table}_policy on cron.${table} using (username = current_user);
  end if;`),
  ];
}

/** A job whose schedule nobody can read is refused when it is made, and the scheduler hears of all that are. */
function guardStatements(): string[] {
  return [
    `create or replace function cron.check_job() returns trigger language plpgsql ${SETTINGS} as ${literal(`
begin
  if not ${isSchedule('new.schedule')} then
    raise exception 'invalid schedule: %', new.schedule using errcode = '22023',
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if not exists (select from pg_roles where rolname = new.username and rolname = 'db_migrator') then
    raise exception 'jobs run as db_migrator, not as %', new.username using errcode = '42501',
      hint = 'Schedule it as db_migrator: peakstone sql, without --superuser.';
  end if;
  return new;
end`)}`,
    `create or replace function cron.tell_scheduler() returns trigger language plpgsql ${SETTINGS} as ${literal(`
begin
  perform pg_notify('${CRON_CHANNEL}', '');
  return null;
end`)}`,
    'create or replace trigger check_job before insert or update on cron.job for each row execute function cron.check_job()',
    'create or replace trigger tell_scheduler after insert or update or delete on cron.job for each statement execute function cron.tell_scheduler()',
    // Rows that are imported come without other triggers; those have a schedule of pg_cron's.
    'alter table cron.job enable always trigger tell_scheduler',
  ];
}

interface Routine {
  readonly name: string;
  readonly types: string;
  readonly parameters: string;
  readonly result: string;
  readonly declarations?: string;
  readonly body: string;
}

const missing = (what: string, which: string): string =>
  `raise exception 'could not find valid entry for job ${what}', ${which} using errcode = 'P0002';`;

/** By name and parameters as pg_cron has them, which callers may name. */
const routines: readonly Routine[] = [
  {
    name: 'schedule',
    types: 'text, text',
    parameters: 'schedule text, command text',
    result: 'bigint',
    declarations: 'made bigint;',
    body: `insert into cron.job (schedule, command) values ($1, $2) returning jobid into made; return made;`,
  },
  {
    name: 'schedule',
    types: 'text, text, text',
    parameters: 'job_name text, schedule text, command text',
    result: 'bigint',
    body: `return cron.schedule_in_database($1, $2, $3, current_database()::text);`,
  },
  {
    name: 'schedule_in_database',
    types: 'text, text, text, text, text, boolean',
    parameters:
      'job_name text, schedule text, command text, database text, username text default null, active boolean default true',
    result: 'bigint',
    declarations: 'made bigint;',
    body: `insert into cron.job (jobname, schedule, command, database, username, active)
    values ($1, $2, $3, $4, coalesce($5, current_user), $6)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
  returning jobid into made;
  return made;`,
  },
  {
    name: 'unschedule',
    types: 'bigint',
    parameters: 'job_id bigint',
    result: 'boolean',
    body: `delete from cron.job where jobid = $1; if not found then ${missing('%', '$1')} end if; return true;`,
  },
  {
    name: 'unschedule',
    types: 'text',
    parameters: 'job_name text',
    result: 'boolean',
    body: `delete from cron.job where jobname = $1 and username = current_user; if not found then ${missing("''%''", '$1')} end if; return true;`,
  },
  {
    name: 'alter_job',
    types: 'bigint, text, text, text, text, boolean',
    parameters:
      'job_id bigint, schedule text default null, command text default null, database text default null, username text default null, active boolean default null',
    result: 'void',
    body: `update cron.job as j set schedule = coalesce($2, j.schedule), command = coalesce($3, j.command), database = coalesce($4, j.database),
    username = coalesce($5, j.username), active = coalesce($6, j.active) where j.jobid = $1;
  if not found then raise exception 'Job % does not exist or you don''t own it', $1 using errcode = 'P0002'; end if;`,
  },
];

function routineStatements({ name, types, parameters, result, declarations = '', body }: Routine): string[] {
  const source = `#variable_conflict use_column\n${declarations === '' ? '' : `declare ${declarations}\n`}begin\n  ${body}\nend`;
  return [
    `create or replace function cron.${name}(${parameters}) returns ${result} language plpgsql ${SETTINGS} as ${literal(source)}`,
    `revoke execute on function cron.${name}(${types}) from public`,
    `grant execute on function cron.${name}(${types}) to ${OWNER}`,
  ];
}
