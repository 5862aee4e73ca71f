import { quoteIdentifier as id, quoteLiteral as literal, type Pool } from '@peakstone/kernel/pg';
import type { World } from './world.ts';

/** The tables of pg_cron, which are the administrator's to write: a job runs as whom it names. */
export const CRON_TABLES: readonly string[] = ['cron.job', 'cron.job_run_details'];

/** `COPY … FROM stdin` in our own words: the dump's might call a function of its own. Pure. */
export function copyCron(table: string, columns: readonly string[]): string {
  const list = columns.length === 0 ? '' : ` (${columns.map(id).join(', ')})`;
  return `copy ${table}${list} from stdin`;
}

/** Rows for `copyCron`'s text or, of a dump with --inserts, what `plainInsert` makes of it. Resolves with how many there were. */
export async function importCronRows(
  admin: Pool,
  world: World,
  text: string,
  rows: AsyncIterable<Buffer> | null,
): Promise<number> {
  const results = await admin.script(
    // Whom a job runs as is put right before anybody looks.
    `begin; ${GUARD}; set local session_replication_role = replica; ${text}; set local session_replication_role = origin; ${fixJobs(world)}; commit`,
    rows === null ? {} : { copyIn: () => rows },
  );
  const tag = results.map(result => result.tag ?? '').find(text => /^(?:COPY|INSERT) /.test(text));
  return Number(/\d+$/.exec(tag ?? '')?.[0] ?? 0);
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

/**
 * Every job runs as the owner of everything else, in this database: the administrator's would be the administrator's acts.
 * The next one made gets a number of its own.
 */
function fixJobs({ owner, database }: World): string {
  return `update cron.job set username = ${literal(owner)}, database = ${literal(database)}, nodename = 'localhost',
      nodeport = pg_catalog.current_setting('port')::int;
    select pg_catalog.setval('cron.jobid_seq', greatest((select max(jobid) from cron.job), (select last_value from cron.jobid_seq)));
    select pg_catalog.setval('cron.runid_seq', greatest((select max(runid) from cron.job_run_details), (select last_value from cron.runid_seq)))`;
}
