/**
 * What stands in for pgaudit where the server does not have it: each change of the schema is a line of the server's log, in
 * pgaudit's form. It sees what event triggers see: no roles, databases or settings, no single rows (object audit). The
 * statement's text is left out: it may hold a password, and of a long script each of its lines would be the whole script.
 * @see https://github.com/pgaudit/pgaudit#format
 */
import { eventTriggerStatements } from './eventTrigger.ts';

/** As the administrator, who alone may keep the server from adding the statement's text, and where in the function that was. */
const ATTRIBUTES = 'security definer set log_min_error_statement = panic set log_error_verbosity = terse';

export function auditStatements(): string[] {
  const say = (command: string, type: string, identity: string) => `
    raise log 'AUDIT: SESSION,%,1,DDL,%,%,%,<not logged>,<not logged>', pg_backend_pid(), ${command}, upper(${type}), ${identity};`;
  return [
    ...eventTriggerStatements(
      'audit_ddl',
      'ddl_command_end',
      `
  for made in select command_tag, object_type, object_identity from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp' loop${say('made.command_tag', 'made.object_type', 'made.object_identity')}
  end loop;`,
      'made record;',
      ATTRIBUTES,
    ),
    ...eventTriggerStatements(
      'audit_drop',
      'sql_drop',
      `
  for gone in select object_type, object_identity from pg_event_trigger_dropped_objects() where original and not is_temporary loop${say("('DROP ' || upper(gone.object_type))", 'gone.object_type', 'gone.object_identity')}
  end loop;`,
      'gone record;',
      ATTRIBUTES,
    ),
  ];
}
