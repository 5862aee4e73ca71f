/** Computed fields: functions whose argument is a row of the table. */
import type { FunctionFacts } from '../catalog/functions.ts';
import type { SourceCatalog } from '../catalog/load.ts';
import { type ComputedFieldMetadata, qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { isGraphqlName } from './naming.ts';
import {
  type ComputedFieldModel,
  type Inconsistency,
  showTable,
  type TableModel,
  tableKey,
} from './types.ts';

export function resolveComputedFields(
  table: TableModel,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
  inconsistencies: Inconsistency[],
): ReadonlyMap<string, ComputedFieldModel> {
  const fields = new Map<string, ComputedFieldModel>();
  for (const metadata of table.metadata.computed_fields ?? []) {
    try {
      fields.set(metadata.name, resolveComputedField(metadata, table, tables, catalog));
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'computed_field',
        name: `computed_field ${metadata.name} in table ${showTable(table.name)} in source ${table.source}`,
        reason: `Inconsistent object: in table "${showTable(table.name)}": in computed field "${metadata.name}": ${error.message}`,
        definition: {
          ...metadata,
          source: table.source,
          table: table.name,
          comment: metadata.comment ?? null,
        },
        object: { kind: 'computedField', source: table.source, table: table.name, name: metadata.name },
      });
    }
  }
  return fields;
}

/** @throws {HasuraError} that says why the function cannot compute it */
export function resolveComputedField(
  metadata: ComputedFieldMetadata,
  table: TableModel,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
): ComputedFieldModel {
  const name = qualify(metadata.definition.function);
  const overloads = catalog.functions.get(tableKey(name)) ?? [];
  const shown = showTable(name);
  const reasons: string[] = [];
  if (overloads.length === 0) throw new HasuraError('not-exists', `no such function exists: "${shown}"`);
  if (overloads.length > 1)
    throw new HasuraError(
      'not-supported',
      `function "${shown}" is overloaded. Overloaded functions are not supported`,
    );
  const facts = overloads[0]!;
  if (!isGraphqlName(metadata.name))
    reasons.push(`the computed field name "${metadata.name}" is not a valid GraphQL name`);
  const tableArgument = findTableArgument(metadata, facts, table, reasons);
  const sessionArgument = findSessionArgument(metadata, facts, reasons);
  if (facts.volatility === 'VOLATILE')
    reasons.push(`the function is of type VOLATILE; cannot be added as a computed field`);
  const returned = { schema: facts.returns.schema, name: facts.returns.name };
  let returns: ComputedFieldModel['returns'];
  if (facts.returns.isTable) {
    if (!facts.returns.isSet)
      reasons.push(`the function "${shown}" is not returning a SETOF table "${showTable(returned)}"`);
    if (!tables.has(tableKey(returned)))
      reasons.push(`the function "${shown}" returning set of table "${showTable(returned)}" is not tracked`);
    returns = { kind: 'table', table: returned };
  } else {
    if (facts.returns.isComposite)
      reasons.push(`the function "${shown}" returning type ${facts.returns.name} is not a BASE type`);
    returns = { kind: 'scalar', scalar: facts.returns.scalar };
  }
  if (reasons.length > 0)
    throw new HasuraError(
      'not-supported',
      reasons.length === 1
        ? `the computed field "${metadata.name}" cannot be added to table "${showTable(table.name)}" because ${reasons[0]}`
        : `the computed field "${metadata.name}" cannot be added to table "${showTable(table.name)}" for the following reasons:\n${reasons.map(reason => `  • ${reason}\n`).join('')}`,
    );
  return {
    name: metadata.name,
    metadata,
    facts,
    tableArgument,
    sessionArgument,
    returns,
    comment: metadata.comment ?? facts.comment,
  };
}

function findTableArgument(
  { definition }: ComputedFieldMetadata,
  facts: FunctionFacts,
  table: TableModel,
  reasons: string[],
): number {
  const shown = showTable({ schema: facts.schema, name: facts.name });
  const isRow = (index: number): boolean => {
    const argument = facts.arguments[index];
    return argument?.schema === table.name.schema && argument.typeName === table.name.name;
  };
  const given = definition.table_argument;
  if (given) {
    const index = facts.arguments.findIndex(argument => argument.name === given);
    if (index < 0) reasons.push(`"${given}" is not an input argument of the function "${shown}"`);
    else if (!isRow(index))
      reasons.push(`"${given}" argument type is not COMPOSITE type of the table "${showTable(table.name)}"`);
    return Math.max(0, index);
  }
  if (facts.arguments.length === 0) reasons.push(`the function "${shown}" has no input arguments`);
  else if (!isRow(0))
    reasons.push(
      `first argument of the function "${shown}" is not COMPOSITE type of the table "${showTable(table.name)}"`,
    );
  return 0;
}

function findSessionArgument(
  { definition }: ComputedFieldMetadata,
  facts: FunctionFacts,
  reasons: string[],
): number | null {
  const given = definition.session_argument;
  if (!given) return null;
  const shown = showTable({ schema: facts.schema, name: facts.name });
  const index = facts.arguments.findIndex(argument => argument.name === given);
  if (index < 0) {
    reasons.push(`"${given}" is not an input argument of the function "${shown}"`);
    return null;
  }
  if (facts.arguments[index]!.scalar.kind !== 'json' && facts.arguments[index]!.scalar.kind !== 'jsonb') {
    reasons.push(`"${given}" argument of the function "${shown}" is not of type JSON`);
    return null;
  }
  return index;
}
