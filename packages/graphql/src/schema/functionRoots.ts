/** Tracked functions as root fields: rows of a table by a call. */
import { type FunctionModel, showTable } from '../model/types.ts';
import { tableAggregate } from './aggregate.ts';
import { type SchemaContext, selectOf, tableIn } from './context.ts';
import { functionArgumentsOf } from './functionArguments.ts';
import { byName } from './inputField.ts';
import { functionConnectionRoots } from './relay.ts';
import { listArguments, tableList, tableObject } from './table.ts';
import { type FieldDef, named } from './types.ts';

export function functionRoots(context: SchemaContext, fn: FunctionModel): FieldDef[] {
  const table = tableIn(context, fn.returns);
  const permissions = table && selectOf(context, table);
  if (!permissions || !context.view.mayCall(fn)) return [];
  const { naming } = context.source;
  const shown = `"${showTable(fn.name)}"`;
  const roots = fn.metadata.configuration?.custom_root_fields;
  const name = naming.customizeRoot(roots?.function ?? naming.root([], fn.id, []));
  const isVolatile = fn.exposedAs === 'mutation';
  if (context.options.kind === 'relay' && !isVolatile)
    return functionConnectionRoots(context, fn, table, { listArguments, tableObject });
  const args = byName([...functionArgumentsOf(context, fn), ...listArguments(context, table)]);
  const fields: FieldDef[] = [
    {
      name,
      description:
        (fn.metadata.comment ??
          fn.facts.comment ??
          `execute ${isVolatile ? 'VOLATILE ' : ''}function ${shown} which returns "${showTable(table.name)}"`) ||
        null,
      args,
      type: fn.facts.returns.isSet ? tableList(context, table) : named(tableObject(context, table)),
      means: { kind: 'function', function: fn, table },
    },
  ];
  if (permissions.aggregations && !isVolatile) {
    fields.push({
      name: naming.customizeRoot(roots?.function_aggregate ?? naming.root([], fn.id, ['aggregate'])),
      description: `execute function ${shown} and query aggregates on result of table type "${showTable(table.name)}"`,
      args,
      type: named(tableAggregate(context, table, tableList), true),
      means: { kind: 'functionAggregate', function: fn, table },
    });
  }
  return fields;
}
