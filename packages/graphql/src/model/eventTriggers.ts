/** Event triggers whose columns are not there, which cannot be served. */
import type { Columns } from '../definition/metadata.ts';
import { type Inconsistency, showTable, type TableModel } from './types.ts';

interface Trigger {
  readonly name: string;
  readonly definition: Readonly<
    Record<string, { readonly columns?: Columns; readonly payload?: Columns } | boolean | undefined>
  >;
}

export function checkEventTriggers(table: TableModel, inconsistencies: Inconsistency[]): void {
  for (const trigger of (table.metadata.event_triggers ?? []) as unknown as readonly Trigger[]) {
    const missing = ['insert', 'update', 'delete']
      .flatMap(operation => {
        const spec = trigger.definition[operation];
        return typeof spec === 'object' ? [spec.columns, spec.payload] : [];
      })
      .flatMap(columns => (Array.isArray(columns) ? (columns as readonly string[]) : []))
      .find(column => !table.columns.has(column));
    if (missing === undefined) continue;
    inconsistencies.push({
      type: 'event_trigger',
      name: `event_trigger ${trigger.name} in table ${showTable(table.name)} in source ${table.source}`,
      reason: `Inconsistent object: in event trigger "${trigger.name}": "${missing}" does not exist`,
      definition: trigger,
      object: { kind: 'eventTrigger', source: table.source, table: table.name, name: trigger.name },
    });
  }
}
