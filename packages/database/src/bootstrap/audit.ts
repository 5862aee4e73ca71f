/**
 * What stands in for pgaudit where the server does not have it: each change of the schema is a line of the server's log, in
 * pgaudit's form. It sees what event triggers see: no roles, databases or settings, no single rows (object audit), and a
 * statement inside of a function by its object, not by its text.
 * @see https://github.com/pgaudit/pgaudit#format
 */
import { eventTriggerStatements } from './eventTrigger.ts';

/** Commands whose text may hold a password. */
const SILENT = ['USER MAPPING', 'SERVER', 'SUBSCRIPTION'].flatMap(object => [
  `CREATE ${object}`,
  `ALTER ${object}`,
]);

export function auditStatements(): string[] {
  const silent = SILENT.map(command => `'${command}'`).join(', ');
  const say = (command: string, type: string, identity: string) => `
    raise log 'AUDIT: SESSION,%,1,DDL,%,%,%,%,<not logged>', pg_backend_pid(), ${command}, upper(${type}), ${identity},
      case when ${command} in (${silent}) then '<not logged>' else '"' || replace(left(current_query(), 8192), '"', '""') || '"' end;`;
  return [
    ...eventTriggerStatements(
      'audit_ddl',
      'ddl_command_end',
      `
  for made in select command_tag, object_type, object_identity from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp' loop${say('made.command_tag', 'made.object_type', 'made.object_identity')}
  end loop;`,
      'made record;',
    ),
    ...eventTriggerStatements(
      'audit_drop',
      'sql_drop',
      `
  for gone in select object_type, object_identity from pg_event_trigger_dropped_objects() where original and not is_temporary loop${say("('DROP ' || upper(gone.object_type))", 'gone.object_type', 'gone.object_identity')}
  end loop;`,
      'gone record;',
    ),
  ];
}
