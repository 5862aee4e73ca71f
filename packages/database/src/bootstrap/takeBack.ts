import { block } from './sql.ts';

/** SQLSTATE of the notice that names a routine which is the superuser's again. */
export const TAKEN_BACK = 'PSOWN';

/** Of the object that calls a routine, the one whose owner counts: `d` is its row of pg_depend. */
const CALLER = `
      select case when relation is not null then 'pg_class'::regclass when domain is not null then 'pg_type'::regclass
          else d.classid end as classid, coalesce(relation, domain, d.objid) as objid
      from (select coalesce(
          (select tgrelid from pg_trigger where d.classid = 'pg_trigger'::regclass and oid = d.objid),
          (select ev_class from pg_rewrite where d.classid = 'pg_rewrite'::regclass and oid = d.objid),
          (select polrelid from pg_policy where d.classid = 'pg_policy'::regclass and oid = d.objid),
          (select adrelid from pg_attrdef where d.classid = 'pg_attrdef'::regclass and oid = d.objid),
          (select nullif(conrelid, 0) from pg_constraint where d.classid = 'pg_constraint'::regclass and oid = d.objid)),
        (select nullif(contypid, 0) from pg_constraint where d.classid = 'pg_constraint'::regclass and oid = d.objid)
      ) as of (relation, domain)`;

/**
 * Whether a superuser owns it. What the first superuser owns has no entry among shared dependencies, and what has no owner
 * only a superuser makes, but for casts, which a type's owner makes.
 */
const IS_SUPERUSERS = `
      coalesce((select r.rolsuper from pg_shdepend s join pg_roles r on r.oid = s.refobjid
        where s.dbid = (select oid from pg_database where datname = current_database()) and s.deptype = 'o'
          and s.refclassid = 'pg_authid'::regclass and s.classid = caller.classid and s.objid = caller.objid), true)
      and not exists (select from pg_cast k join pg_type t on t.oid in (k.castsource, k.casttarget)
        where caller.classid = 'pg_cast'::regclass and k.oid = caller.objid and t.typowner = 'db_migrator'::regrole)`;

/**
 * Gives the superuser the routines of db_migrator's that the superuser's own objects call (event triggers, triggers and
 * policies of tables, views, operators, aggregates …), and what those call in turn: earlier versions gave away whatever
 * a superuser had made. A SECURITY DEFINER function, which acts as its owner whoever calls it, is no danger as it is and
 * would be one afterwards: it stays, and one that becomes such meanwhile is made none before it changes hands.
 */
export function takeBackStatement(): string {
  return block(
    `
  loop
    was_found := false;
    for found in
      select distinct p.oid::regprocedure::text as routine, p.prokind
      from pg_proc p join pg_depend d on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid
      cross join lateral (${CALLER}) as caller
      where p.proowner = 'db_migrator'::regrole and not p.prosecdef and d.deptype <> 'e' and ${IS_SUPERUSERS}
    loop
      was_found := true;
      if found.prokind <> 'a' then
        execute format('alter routine %s security invoker', found.routine);
      end if;
      execute format('alter routine %s owner to current_user', found.routine);
      raise notice using errcode = '${TAKEN_BACK}', message = found.routine;
    end loop;
    exit when not was_found;
  end loop;`,
    'found record; was_found boolean;',
  );
}
