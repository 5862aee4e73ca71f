import { eventTriggerStatements } from './eventTrigger.ts';
import { literals } from './sql.ts';

/** What a superuser makes and db_migrator shall have. */
const MADE = [
  ...['TABLE', 'TABLE AS', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'TYPE', 'DOMAIN'],
  ...['FUNCTION', 'PROCEDURE', 'AGGREGATE'],
].map(object => `CREATE ${object}`);

/**
 * An event trigger by which what a superuser makes in the application's schemas is db_migrator's: otherwise migrations
 * could not change it, and its views would pass the row security of what they show. A SECURITY DEFINER function stays its
 * maker's, whose rights it is there for; so does what an extension brings, and what is given to a role on purpose.
 */
export function ownershipStatements(schemas: readonly string[]): string[] {
  return eventTriggerStatements(
    'give_to_migrator',
    'ddl_command_end',
    `
  if not (select rolsuper from pg_roles where rolname = current_user) then
    return;
  end if;
  for made in
    select format('alter %s %s owner to db_migrator', case o.classid when 'pg_proc'::regclass then 'routine'
      when 'pg_type'::regclass then 'type' else 'table' end, o.object_identity) as statement
    from pg_event_trigger_ddl_commands() o
    where (o.command_tag in (${literals(MADE)}) or o.command_tag = 'SELECT INTO') and not o.in_extension
      and o.schema_name in (${literals(schemas)})
      and exists (
        select from (
          select c.relowner from pg_class c where o.classid = 'pg_class'::regclass and c.oid = o.objid
            -- A column's own sequence follows its table.
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
              and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
          union all select t.typowner from pg_type t where o.classid = 'pg_type'::regclass and t.oid = o.objid
          union all select p.proowner from pg_proc p
            where o.classid = 'pg_proc'::regclass and p.oid = o.objid and not p.prosecdef
        ) as owned (owner) join pg_roles r on r.oid = owned.owner and r.rolsuper)
  loop
    execute made.statement;
  end loop;`,
    'made record;',
  );
}
