/** Computed fields: functions whose argument is a row of the table. */
import type { FunctionFacts } from '../catalog/functions.ts';
import type { SourceCatalog } from '../catalog/load.ts';
import { type ComputedFieldMetadata, qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { isGraphqlName } from './naming.ts';
import { showReasons } from './reasons.ts';
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
  if (!isGraphqlName(metadata.name)) reasons.push(`"${metadata.name}" is not valid GraphQL name`);
  if (facts.volatility === 'VOLATILE')
    reasons.push(`the function "${shown}" is of type VOLATILE; cannot be added as a computed field`);
  const returned = { schema: facts.returns.schema, name: facts.returns.name };
  let returns: ComputedFieldModel['returns'];
  if (facts.returns.isTable) {
    if (!tables.has(tableKey(returned)))
      reasons.push(
        `the function "${shown}" returning set of table "${showTable(returned)}" is not tracked or not found in database`,
      );
    returns = { kind: 'table', table: returned };
  } else {
    if (facts.returns.isComposite)
      reasons.push(`the function "${shown}" returning type ${facts.returns.name} is not a BASE type`);
    returns = { kind: 'scalar', scalar: facts.returns.scalar };
  }
  const tableArgument = findTableArgument(metadata, facts, table, reasons);
  const sessionArgument = tableArgument === null ? null : findSessionArgument(metadata, facts, reasons);
  if (reasons.length > 0 || tableArgument === null)
    throw new HasuraError(
      'not-supported',
      `the computed field "${metadata.name}" cannot be added to table "${showTable(table.name)}" ${showReasons(reasons)}`,
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

/** Null where there is no such argument, behind which the reference looks no further. */
function findTableArgument(
  { definition }: ComputedFieldMetadata,
  facts: FunctionFacts,
  table: TableModel,
  reasons: string[],
): number | null {
  const fn = `the function "${showTable({ schema: facts.schema, name: facts.name })}"`;
  const given = definition.table_argument;
  const index = given ? facts.arguments.findIndex(argument => argument.name === given) : 0;
  const argument = facts.arguments[index];
  if (!argument) {
    reasons.push(given ? `"${given}" is not an input argument of ${fn}` : `${fn} has no input arguments`);
    return given ? null : 0;
  }
  const shown = given ? `"${given}" argument of ${fn}` : `first argument of ${fn}`;
  const type = { schema: argument.schema, name: argument.typeName };
  if (!argument.isComposite) reasons.push(`${shown} is not COMPOSITE type`);
  if (tableKey(type) !== tableKey(table.name))
    reasons.push(
      `${shown} of type "${showTable(type)}" is not the table to which the computed field is being added`,
    );
  return index;
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
