/** `t_stream`: rows in the order of a column, each once, from where a client says. */
import { showTable, type TableModel } from '../model/types.ts';
import { tableBoolExp } from './boolExp.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { rootField } from './roots.ts';
import { builtin, columnRef } from './scalars.ts';
import { tableObject } from './table.ts';
import { type FieldDef, listOf, named, type TypeRef } from './types.ts';

export function streamRoots(context: SchemaContext, table: TableModel): FieldDef[] {
  const permissions = selectOf(context, table);
  if (!permissions) return [];
  const { subscriptionRoots } = permissions;
  if (subscriptionRoots !== null && !subscriptionRoots.has('select_stream')) return [];
  const cursor = cursorInput(context, table);
  if (cursor === null) return [];
  const { naming } = context.source;
  const argument = { kind: 'argument' } as const;
  return [
    {
      ...rootField(
        context,
        table,
        'select_stream',
        `fetch data from the table in a streaming manner: "${showTable(table.name)}"`,
      ),
      args: byName([
        inputField(naming.field('batch_size'), builtin(context, 'Int', true), argument, {
          description: 'maximum number of rows returned in a single batch',
        }),
        inputField('cursor', listOf(named(cursor), true), argument, {
          description: 'cursor to stream the results returned by the query',
        }),
        inputField('where', named(tableBoolExp(context, table)), argument, {
          description: 'filter the rows returned',
          takesNull: true,
        }),
      ]),
      type: listOf(named(tableObject(context, table), true), true),
      means: { kind: 'selectStream', table },
    },
  ];
}

/** `t_stream_cursor_input`; null where the role sees no column to go by. */
function cursorInput(context: SchemaContext, table: TableModel): string | null {
  const { naming } = context.source;
  const shown = selectOf(context, table)?.columns;
  const columns = [...table.columns.values()].filter(
    ({ graphql, name }) => graphql !== null && shown?.has(name),
  );
  if (columns.length === 0) return null;
  const values = naming.type(table.id, 'stream_cursor_value_input');
  context.types.define(values, () => ({
    kind: 'input',
    name: values,
    description: 'Initial value of the column from where the streaming should start',
    fields: byName(
      columns.map(column =>
        inputField(
          column.graphql!,
          columnRef(context, column),
          { kind: 'column', column },
          { description: column.description, takesNull: true },
        ),
      ),
    ),
  }));
  const name = naming.type(table.id, 'stream_cursor_input');
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: `Streaming cursor of the table "${table.id.text}"`,
    fields: byName([
      inputField(
        naming.field('initial_value'),
        named(values, true),
        { kind: 'argument' },
        { description: 'Stream column input with initial value' },
      ),
      inputField(
        'ordering',
        orderingRef(context),
        { kind: 'argument' },
        { description: 'cursor ordering', takesNull: true },
      ),
    ]),
  }));
}

function orderingRef({ types, source: { naming } }: SchemaContext): TypeRef {
  const name = naming.plainType('cursor_ordering');
  types.define(name, () => ({
    kind: 'enum',
    name,
    description: 'ordering argument of a cursor',
    values: byName([
      { name: 'ASC', description: 'ascending ordering of the cursor', means: 'asc' },
      { name: 'DESC', description: 'descending ordering of the cursor', means: 'desc' },
    ]),
  }));
  return named(name);
}
