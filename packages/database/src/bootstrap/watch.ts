import { eventTriggerStatements } from './eventTrigger.ts';
import { literals } from './sql.ts';

/** Commands after which what an API may serve can differ. Indexes, policies and statistics are not among them. */
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

/** After these what a role may do differs, which who serves by roles has to know; PostgREST passes over the notice. */
const OF_PRIVILEGES = ['GRANT', 'REVOKE'];

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
 * Event triggers that tell PostgREST-compatible servers to look at the schema again, once a transaction, and not for
 * temporary objects.
 * @see https://docs.postgrest.org/en/stable/references/schema_cache.html#automatic-schema-cache-reloading
 */
export function watchStatements(): string[] {
  const notifyWhen = (condition: string, source: string, notice = 'reload schema') => `
  if exists (select from ${source}() as o where ${condition}) then
    notify pgrst, '${notice}';
  end if;`;
  return [
    ...eventTriggerStatements(
      'ddl_watch',
      'ddl_command_end',
      notifyWhen(
        `o.schema_name is distinct from 'pg_temp' and o.command_tag in (${literals([...COMMANDS, ...OTHER_COMMANDS])})`,
        'pg_event_trigger_ddl_commands',
      ) +
        notifyWhen(
          `o.command_tag in (${literals(OF_PRIVILEGES)})`,
          'pg_event_trigger_ddl_commands',
          'reload privileges',
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
