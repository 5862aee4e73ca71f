import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { block, literals } from './sql.ts';

/** Commands after which what an API may serve can differ. Indexes, grants, policies and statistics are not among them. */
const COMMANDS = [
  ...[
    'SCHEMA',
    'TABLE',
    'FOREIGN TABLE',
    'VIEW',
    'MATERIALIZED VIEW',
    'FUNCTION',
    'PROCEDURE',
    'ROUTINE',
    'AGGREGATE',
  ],
  ...['TYPE', 'DOMAIN', 'TRIGGER', 'RULE', 'EXTENSION', 'CAST'],
].flatMap(object => [`CREATE ${object}`, `ALTER ${object}`]);
const OTHER_COMMANDS = ['CREATE TABLE AS', 'SELECT INTO', 'IMPORT FOREIGN SCHEMA', 'COMMENT'];

const DROPPED = [
  ...[
    'schema',
    'table',
    'foreign table',
    'view',
    'materialized view',
    'function',
    'procedure',
    'aggregate',
    'type',
  ],
  ...['trigger', 'rule', 'extension', 'cast', 'table column', 'table constraint', 'domain constraint'],
];

/**
 * An event trigger and its function, which is ours whoever had made one of that name. `body` is PL/pgSQL that runs on
 * `pg_catalog` alone, as whoever changes the schema.
 */
export function eventTriggerStatements(
  name: string,
  event: 'ddl_command_end' | 'sql_drop',
  body: string,
  declarations = '',
): string[] {
  const source = `${declarations === '' ? '' : `declare ${declarations} `}begin\n${body}\nend`;
  return [
    `create or replace function peakstone.${name}() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as ${literal(source)}`,
    `alter function peakstone.${name}() owner to current_user`,
    block(`
  if not exists (select from pg_event_trigger where evtname = 'peakstone_${name}') then
    create event trigger peakstone_${name} on ${event} execute function peakstone.${name}();
  elsif exists (select from pg_event_trigger where evtname = 'peakstone_${name}' and evtenabled <> 'O') then
    alter event trigger peakstone_${name} enable;
  end if;`),
  ];
}

/**
 * Event triggers that tell PostgREST-compatible servers to look at the schema again, once a transaction, and not for
 * temporary objects.
 * @see https://docs.postgrest.org/en/stable/references/schema_cache.html#automatic-schema-cache-reloading
 */
export function watchStatements(): string[] {
  const notifyWhen = (condition: string, source: string) => `
  if exists (select from ${source}() as o where ${condition}) then
    notify pgrst, 'reload schema';
  end if;`;
  return [
    ...eventTriggerStatements(
      'ddl_watch',
      'ddl_command_end',
      notifyWhen(
        `o.schema_name is distinct from 'pg_temp' and o.command_tag in (${literals([...COMMANDS, ...OTHER_COMMANDS])})`,
        'pg_event_trigger_ddl_commands',
      ),
    ),
    ...eventTriggerStatements(
      'drop_watch',
      'sql_drop',
      notifyWhen(
        `not o.is_temporary and o.object_type in (${literals(DROPPED)})`,
        'pg_event_trigger_dropped_objects',
      ),
    ),
  ];
}

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
