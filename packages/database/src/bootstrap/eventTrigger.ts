import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { block } from './sql.ts';

/**
 * An event trigger and its function, which is ours whoever had made one of that name. `body` is PL/pgSQL that runs on
 * `pg_catalog` alone, as whoever changes the schema; `attributes` are further ones of the function.
 */
export function eventTriggerStatements(
  name: string,
  event: 'ddl_command_end' | 'sql_drop',
  body: string,
  declarations = '',
  attributes = '',
): string[] {
  const source = `${declarations === '' ? '' : `declare ${declarations} `}begin\n${body}\nend`;
  return [
    `create or replace function peakstone.${name}() returns event_trigger language plpgsql${attributes === '' ? '' : ` ${attributes}`} set search_path = pg_catalog, pg_temp as ${literal(source)}`,
    `alter function peakstone.${name}() owner to current_user`,
    block(`
  if not exists (select from pg_event_trigger where evtname = 'peakstone_${name}') then
    create event trigger peakstone_${name} on ${event} execute function peakstone.${name}();
  elsif exists (select from pg_event_trigger where evtname = 'peakstone_${name}' and evtenabled <> 'O') then
    alter event trigger peakstone_${name} enable;
  end if;`),
  ];
}
