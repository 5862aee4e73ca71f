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

const list = (words: readonly string[]) => words.map(word => `'${word}'`).join(', ');

/**
 * Event triggers that tell PostgREST-compatible servers to look at the schema again, once a transaction, and not for
 * temporary objects.
 * @see https://docs.postgrest.org/en/stable/references/schema_cache.html#automatic-schema-cache-reloading
 */
export function watchStatements(): string[] {
  const define = (name: string, condition: string, source: string) => [
    `create or replace function peakstone.${name}() returns event_trigger language plpgsql set search_path = pg_catalog as $$
begin
  if exists (select from ${source}() as o where ${condition}) then
    notify pgrst, 'reload schema';
  end if;
end $$`,
  ];
  const trigger = (name: string, event: string) =>
    `do $$ begin
  if not exists (select from pg_event_trigger where evtname = 'peakstone_${name}') then
    create event trigger peakstone_${name} on ${event} execute function peakstone.${name}();
  elsif exists (select from pg_event_trigger where evtname = 'peakstone_${name}' and evtenabled <> 'O') then
    alter event trigger peakstone_${name} enable;
  end if;
end $$`;
  return [
    ...define(
      'ddl_watch',
      `o.schema_name is distinct from 'pg_temp' and o.command_tag in (${list([...COMMANDS, ...OTHER_COMMANDS])})`,
      'pg_event_trigger_ddl_commands',
    ),
    ...define(
      'drop_watch',
      `not o.is_temporary and o.object_type in (${list(DROPPED)})`,
      'pg_event_trigger_dropped_objects',
    ),
    trigger('ddl_watch', 'ddl_command_end'),
    trigger('drop_watch', 'sql_drop'),
  ];
}
