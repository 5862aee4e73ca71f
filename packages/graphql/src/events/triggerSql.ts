/** Triggers on tables, and the functions that they run. Pure. */
import { quoteIdentifier, quoteLiteral, quoteQualified } from '@peakstone/kernel/pg';
import type { Columns } from '../definition/metadata.ts';
import type { ColumnModel, TableModel } from '../model/types.ts';
import { type EventTriggerConf, operations, type TriggerOperation } from './types.ts';

export interface TriggerSqlOptions {
  /** Numbers that JavaScript would round as texts. */
  readonly stringifyNumericTypes: boolean;
}

/** One trigger of a table in its database. */
export interface DatabaseTrigger {
  /** Of the trigger and of its function in `hdb_catalog`. */
  readonly name: string;
  readonly table: TableModel['name'];
  readonly create: string;
  /** Of its function, as the database keeps it. */
  readonly body: string;
}

/** What a trigger of the metadata is in the database: one for each kind of change. */
export function databaseTriggers(
  trigger: EventTriggerConf,
  table: TableModel,
  options: TriggerSqlOptions,
): readonly DatabaseTrigger[] {
  return operations.flatMap(([operation, member]) => {
    const spec = trigger.definition[member];
    if (!spec) return [];
    const name = `notify_hasura_${trigger.name}_${operation}`;
    const body = functionBody(trigger.name, table, operation, spec.columns, spec.payload ?? '*', options);
    const fn = `hdb_catalog.${quoteIdentifier(name)}`;
    const on = quoteQualified(table.name.schema, table.name.name);
    // As its maker: whoever writes rows need not be allowed to write events.
    const create = [
      `create or replace function ${fn}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as ${quoteLiteral(body)}`,
      // Whoever may make triggers on another's table may not drop them.
      `create or replace trigger ${quoteIdentifier(name)} after ${operation.toLowerCase()} on ${on} for each row execute function ${fn}()`,
      ...(trigger.trigger_on_replication
        ? [`alter table ${on} enable always trigger ${quoteIdentifier(name)}`]
        : []),
    ].join(';\n');
    return [{ name, table: table.name, create, body }];
  });
}

/** The function goes with whatever trigger there is of it, also where the table has got another name. */
export function dropTrigger({ name }: Pick<DatabaseTrigger, 'name'>): string {
  return `drop function if exists hdb_catalog.${quoteIdentifier(name)}() cascade`;
}

function functionBody(
  triggerName: string,
  table: TableModel,
  operation: TriggerOperation,
  listened: Columns,
  told: Columns,
  options: TriggerSqlOptions,
): string {
  const shown = columnsOf(table, told);
  const row = (of: 'OLD' | 'NEW'): string =>
    `row_to_json((select e from (select ${shown.map(column => `${valueSql(column, of, options)} as ${quoteIdentifier(column.name)}`).join(', ')}) e))`;
  const old = operation === 'INSERT' ? 'null' : row('OLD');
  const next = operation === 'DELETE' ? 'null' : row('NEW');
  // Of a partition, too, it is the tracked table that is told.
  const write = `perform hdb_catalog.insert_event_log(${[table.name.schema, table.name.name, triggerName].map(quoteLiteral).join(', ')}, TG_OP, json_build_object('old', ${old}, 'new', ${next}));`;
  if (operation !== 'UPDATE') return `begin ${write} return null; end`;
  const watched = columnsOf(table, listened);
  const record = (of: 'OLD' | 'NEW'): string =>
    `row(${watched.map(({ name }) => `${of}.${quoteIdentifier(name)}`).join(', ')})`;
  // Types without equality, such as json, are compared by their bytes.
  return `declare _old record := ${record('OLD')}; _new record := ${record('NEW')}; _differs boolean;
begin
  begin _differs := _old operator(pg_catalog.<>) _new;
  exception when undefined_function then _differs := _old operator(pg_catalog.*<>) _new;
  end;
  if _differs then ${write} end if;
  return null;
end`;
}

function columnsOf(table: TableModel, columns: Columns): readonly ColumnModel[] {
  const all = [...table.columns.values()];
  return columns === '*' ? all : all.filter(({ name }) => columns.includes(name));
}

const stringified: ReadonlySet<string> = new Set(['bigint', 'numeric', 'float8']);

/** A column as answers show it. */
function valueSql(
  { name, scalar }: ColumnModel,
  of: 'OLD' | 'NEW',
  { stringifyNumericTypes }: TriggerSqlOptions,
): string {
  const value = `${of}.${quoteIdentifier(name)}`;
  if (scalar.kind === 'geometry' || scalar.kind === 'geography') {
    const schema = scalar.sql.includes('.') ? scalar.sql.slice(0, scalar.sql.lastIndexOf('.')) : 'public';
    return `${schema}.st_asgeojson(${value}, 15, 4)::json`;
  }
  if (!stringifyNumericTypes) return value;
  if (scalar.element) return stringified.has(scalar.element.name) ? `${value}::text[]` : value;
  return stringified.has(scalar.name) ? `${value}::text` : value;
}
