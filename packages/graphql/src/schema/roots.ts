/** Root fields of a table, by the names that it, its source and the naming convention give them. */
import type { RootFieldKind } from '../definition/metadata.ts';
import { showTable, type TableModel } from '../model/types.ts';
import { tableAggregate } from './aggregate.ts';
import { type SchemaContext, selectOf } from './context.ts';
import { byName } from './inputField.ts';
import { hasReadableKey, keyArguments } from './key.ts';
import { listArguments, tableList, tableObject } from './table.ts';
import { type FieldDef, named } from './types.ts';

const affixes: Readonly<
  Record<RootFieldKind, readonly [prefix: readonly string[], suffix: readonly string[]]>
> = {
  select: [[], []],
  select_by_pk: [[], ['by_pk']],
  select_aggregate: [[], ['aggregate']],
  select_stream: [[], ['stream']],
  insert: [['insert'], []],
  insert_one: [['insert'], ['one']],
  update: [['update'], []],
  update_by_pk: [['update'], ['by_pk']],
  update_many: [['update'], ['many']],
  delete: [['delete'], []],
  delete_by_pk: [['delete'], ['by_pk']],
};

/** A root field's name, and its comment where the metadata gives one. */
export function rootField(
  { source: { naming } }: SchemaContext,
  table: TableModel,
  kind: RootFieldKind,
  description: string,
): { readonly name: string; readonly description: string | null } {
  const custom = table.metadata.configuration?.custom_root_fields?.[kind];
  const given = typeof custom === 'string' ? { name: custom } : (custom ?? {});
  const [prefix, suffix] = affixes[kind];
  const name = given.name ?? naming.root(prefix, table.id, suffix);
  const comment = 'comment' in given ? given.comment : undefined;
  return { name: naming.customizeRoot(name), description: comment === '' ? null : (comment ?? description) };
}

/** `t`, `t_aggregate`, `t_by_pk`: of queries and subscriptions. */
export function selectRoots(
  context: SchemaContext,
  table: TableModel,
  operation: 'query' | 'subscription',
): FieldDef[] {
  const permissions = selectOf(context, table);
  if (!permissions) return [];
  const shown = showTable(table.name);
  const allowed = operation === 'query' ? permissions.queryRoots : permissions.subscriptionRoots;
  const isAllowed = (kind: string): boolean => allowed === null || allowed.has(kind);
  const args = byName(listArguments(context, table));
  const fields: FieldDef[] = [];
  if (isAllowed('select')) {
    fields.push({
      ...rootField(context, table, 'select', `fetch data from the table: "${shown}"`),
      args,
      type: tableList(context, table),
      means: { kind: 'select', table },
    });
  }
  if (permissions.aggregations && isAllowed('select_aggregate')) {
    fields.push({
      ...rootField(context, table, 'select_aggregate', `fetch aggregated fields from the table: "${shown}"`),
      args,
      type: named(tableAggregate(context, table, tableList), true),
      means: { kind: 'selectAggregate', table },
    });
  }
  if (hasReadableKey(context, table) && isAllowed('select_by_pk')) {
    fields.push({
      ...rootField(
        context,
        table,
        'select_by_pk',
        `fetch data from the table: "${shown}" using primary key columns`,
      ),
      args: keyArguments(context, table),
      type: named(tableObject(context, table)),
      means: { kind: 'selectByPk', table },
    });
  }
  return fields;
}
