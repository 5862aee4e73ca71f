import { eventTriggerStatements } from './eventTrigger.ts';
import { literals } from './sql.ts';

/**
 * What a superuser makes and db_migrator shall have. Routines are not among it, nor is what brings code to those who use
 * it (types with their casts, domains with their checks): PostgreSQL calls an event trigger's function as whoever changes
 * a schema, a table's trigger as whoever writes, so the owner of one that the superuser uses could become the superuser.
 */
const MADE = [
  ...['TABLE', 'TABLE AS', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE'].map(
    object => `CREATE ${object}`,
  ),
  'SELECT INTO',
];

/**
 * An event trigger by which the relations that a superuser makes in the application's schemas are db_migrator's: otherwise
 * migrations could not change them, and views would pass the row security of what they show. What an extension brings
 * stays the superuser's, as do what is given to a role on purpose, and partitions and children of a table of somebody
 * else's, whose writers would run their triggers.
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
    select format('alter table %s owner to db_migrator', o.object_identity) as statement
    from pg_event_trigger_ddl_commands() o
    join pg_class c on o.classid = 'pg_class'::regclass and c.oid = o.objid
    join pg_roles owner on owner.oid = c.relowner and owner.rolsuper
    where o.command_tag in (${literals(MADE)}) and not o.in_extension and o.schema_name in (${literals(schemas)})
      -- A column's own sequence follows its table.
      and not exists (select from pg_depend d where d.classid = o.classid and d.objid = c.oid and d.refclassid = o.classid
        and d.deptype in ('a', 'i') and c.relkind = 'S')
      and not exists (select from pg_inherits i join pg_class parent on parent.oid = i.inhparent
        where i.inhrelid = c.oid and parent.relowner <> 'db_migrator'::regrole)
  loop
    execute made.statement;
  end loop;`,
    'made record;',
  );
}
