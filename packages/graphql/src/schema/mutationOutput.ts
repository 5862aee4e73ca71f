import { showTable, type TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName } from './inputField.ts';
import { builtin } from './scalars.ts';
import { tableList } from './table.ts';
import type { FieldDef } from './types.ts';

/** `t_mutation_response`: rows only where the role may read them. */
export function mutationResponse(context: SchemaContext, table: TableModel): string {
  const name = context.source.naming.type(table.id, 'mutation_response');
  return context.types.define(name, () => {
    const affected: FieldDef = {
      name: context.source.naming.field('affected_rows'),
      description: 'number of rows affected by the mutation',
      args: new Map(),
      type: builtin(context, 'Int', true),
      means: { kind: 'affectedRows' },
    };
    const returning: FieldDef = {
      name: 'returning',
      description: 'data from the rows affected by the mutation',
      args: new Map(),
      type: tableList(context, table),
      means: { kind: 'returning' },
    };
    return {
      kind: 'object',
      name,
      description: `response of any mutation on the table "${showTable(table.name)}"`,
      interfaces: [],
      fields: byName(selectOf(context, table) ? [affected, returning] : [affected]),
    };
  });
}
