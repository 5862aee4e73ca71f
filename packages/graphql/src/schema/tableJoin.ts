/** Rows of a table, beside what comes from another source, an action or a remote schema. */
import type { Mapping, TableName } from '../ir/boolExp.ts';
import { tableKey } from '../model/types.ts';
import { tableAggregate } from './aggregate.ts';
import { type SchemaContext, type SharedContext, selectOf } from './context.ts';
import { byName } from './inputField.ts';
import { listArguments, tableList, tableObject } from './table.ts';
import { type FieldDef, named } from './types.ts';

interface TableJoinDef {
  readonly name: string;
  readonly shape: 'object' | 'array';
  readonly source: string;
  readonly table: TableName;
  /** Members of what they are beside, and columns. */
  readonly keys: Mapping;
}

/** None where the role may not read the table. */
export function tableJoinFields(
  shared: SharedContext,
  { name, shape, source: sourceName, table: tableName, keys }: TableJoinDef,
): readonly FieldDef[] {
  const source = shared.model.sources.get(sourceName);
  const table = source?.tables.get(tableKey(tableName));
  if (!source || !table?.isInGraphql) return [];
  const context: SchemaContext = { ...shared, source };
  const permissions = selectOf(context, table);
  if (!permissions) return [];
  const means = { kind: 'tableJoin', table, keys } as const;
  if (shape === 'object')
    return [
      {
        name,
        description: null,
        args: new Map(),
        type: named(tableObject(context, table)),
        means: { ...means, shape: 'object' },
      },
    ];
  const args = byName(listArguments(context, table));
  const rows: FieldDef = {
    name,
    description: null,
    args,
    type: tableList(context, table),
    means: { ...means, shape: 'array' },
  };
  if (!permissions.aggregations) return [rows];
  return [
    rows,
    {
      name: source.naming.field(`${name}_aggregate`),
      description: null,
      args,
      type: named(tableAggregate(context, table, tableList), true),
      means: { ...means, shape: 'aggregate' },
    },
  ];
}
