/** Rows for pg_cron's tables, which are the administrator's to write, as a job runs as whom it names. Pure. */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { World } from '../world.ts';
import type { CronTable, Value } from './act.ts';

/** They arrive here, where nothing of anybody's fires, and are what they are before they are among the others. */
const INCOMING = 'pg_temp.peakstone_incoming';

/** Numbers above are taken for an attempt to leave none to others. */
const MAX_NUMBER = 1_000_000_000_000;

/**
 * A script that takes the rows in: from a stream of COPY's, or of `values`. The first COPY or INSERT says how many there were,
 * the DELETE how many of them have a number that none may have, and are left out.
 * Each row runs as the owner of all that is imported, in this database, whatever the dump says; rows of others are not
 * touched, and one that is there already, as after a run that was killed, is not made twice.
 */
export function writeJobs(
  table: CronTable,
  columns: readonly string[],
  values: readonly (readonly Value[])[] | null,
  world: Pick<World, 'owner' | 'database'>,
): string {
  const list = columns.length === 0 ? '' : ` (${columns.map(id).join(', ')})`;
  return `begin; ${GUARD}; create temporary table peakstone_incoming (like ${table} including defaults) on commit drop;
    ${values === null ? `copy ${INCOMING}${list} from stdin` : `insert into ${INCOMING}${list} values ${rowsOf(values)}`};
    ${take(TABLES[table], table, world)}; commit`;
}

interface Numbered {
  readonly number: string;
  readonly sequence: string;
  /** Besides the number, whose row it is, and where it runs. */
  readonly columns: readonly string[];
  readonly fixed: readonly (readonly [column: string, expression: string])[];
}

const TABLES: Readonly<Record<CronTable, Numbered>> = {
  'cron.job': {
    number: 'jobid',
    sequence: 'cron.jobid_seq',
    columns: ['schedule', 'command', 'active', 'jobname'],
    fixed: [
      ['nodename', `'localhost'`],
      ['nodeport', `pg_catalog.current_setting('port')::int`],
    ],
  },
  'cron.job_run_details': {
    number: 'runid',
    sequence: 'cron.runid_seq',
    columns: ['jobid', 'job_pid', 'command', 'status', 'return_message', 'start_time', 'end_time'],
    fixed: [],
  },
};

function take(
  { number, sequence, columns, fixed }: Numbered,
  table: CronTable,
  { owner, database }: Pick<World, 'owner' | 'database'>,
): string {
  const whose = [['username', literal(owner)] as const, ['database', literal(database)] as const];
  const set = [...whose, ...fixed];
  const same = [number, ...columns].map(column => `t.${column} is not distinct from i.${column}`);
  const ofOwner = whose.map(([column, value]) => `t.${column} = ${value}`);
  return `delete from ${INCOMING} where ${number} not between 1 and ${MAX_NUMBER};
    insert into ${table} (${[number, ...columns, ...set.map(([column]) => column)].join(', ')})
      select ${[...[number, ...columns].map(column => `i.${column}`), ...set.map(([, value]) => value)].join(', ')}
      from ${INCOMING} i where not exists (select from ${table} t where ${[...same, ...ofOwner].join(' and ')});
    select pg_catalog.setval('${sequence}', greatest((select max(${number}) from ${INCOMING}), (select last_value from ${sequence})))
      where exists (select from ${INCOMING})`;
}

function rowsOf(values: readonly (readonly Value[])[]): string {
  return values
    .map(row => `(${row.map(({ kind, text }) => (kind === 'string' ? literal(text) : text)).join(', ')})`)
    .join(', ');
}

/**
 * Whoever owns a table decides what runs when the administrator writes into it, by a trigger, a default, a check. Nothing is
 * written unless the tables are the administrator's, with all that they call.
 */
const GUARD = `lock table cron.job, cron.job_run_details in share row exclusive mode; do ${literal(`
declare
  others constant oid[] := array(select oid from pg_catalog.pg_roles where not rolsuper);
  tables constant oid[] := array['cron.job'::regclass, 'cron.job_run_details'::regclass];
begin
  if exists (select from pg_catalog.pg_class where oid = any (tables) and (relowner = any (others) or relhasrules or relkind <> 'r'))
    or exists (select from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = any (tables) and p.proowner = any (others))
    or exists (
      select from pg_catalog.pg_depend d join pg_catalog.pg_proc p on d.refclassid = 'pg_catalog.pg_proc'::regclass and p.oid = d.refobjid
      where p.proowner = any (others) and (
        d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid in (select oid from pg_catalog.pg_attrdef where adrelid = any (tables))
        or d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid in (select oid from pg_catalog.pg_constraint where conrelid = any (tables))
        or d.classid = 'pg_catalog.pg_class'::regclass and d.objid in (select indexrelid from pg_catalog.pg_index where indrelid = any (tables))))
  then
    raise exception 'the tables of cron are not the administrator''s alone, so that no job is written' using errcode = '42501',
      hint = 'Look at their owners and triggers: peakstone sql --superuser';
  end if;
end`)}`;
