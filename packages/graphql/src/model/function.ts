/** Tracked functions: rows of a tracked table by a call, as a root field. */
import type { SourceCatalog } from '../catalog/load.ts';
import { type FunctionMetadata, qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { identifierOf } from './table.ts';
import { type FunctionModel, showTable, type TableModel, tableKey } from './types.ts';

/** @throws {HasuraError} that says why the function cannot be served */
export function buildFunction(
  metadata: FunctionMetadata,
  source: string,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
): FunctionModel {
  const name = qualify(metadata.function);
  const shown = showTable(name);
  const overloads = catalog.functions.get(tableKey(name)) ?? [];
  if (overloads.length === 0)
    throw new HasuraError('not-exists', `no such function exists in postgres : "${shown}"`);
  if (overloads.length > 1)
    throw new HasuraError(
      'not-supported',
      `function "${shown}" is overloaded. Overloaded functions are not supported`,
    );
  const facts = overloads[0]!;
  const returns = { schema: facts.returns.schema, name: facts.returns.name };
  const reasons: string[] = [];
  if (facts.isVariadic) reasons.push('function with "VARIADIC" parameters are not supported');
  if (!facts.returns.isTable && !facts.returns.isComposite)
    reasons.push('the function does not return a "COMPOSITE" type');
  else if (!facts.returns.isTable || !tables.has(tableKey(returns))) {
    reasons.push(
      facts.returns.isTable
        ? `the function return type "${showTable(returns)}" must be tracked`
        : 'the function does not return a table, or its return type is not tracked',
    );
  }
  const { session_argument: given, exposed_as: exposed } = metadata.configuration ?? {};
  let sessionArgument: number | null = null;
  if (given) {
    const index = facts.arguments.findIndex(argument => argument.name === given);
    if (index < 0) reasons.push(`given session argument "${given}" not in function`);
    else if (
      facts.arguments[index]!.scalar.kind !== 'json' &&
      facts.arguments[index]!.scalar.kind !== 'jsonb'
    )
      reasons.push(`given session argument "${given}" is not of type json`);
    else sessionArgument = index;
  }
  if (exposed === 'mutation' && facts.volatility !== 'VOLATILE')
    reasons.push(
      'the function was requested to be exposed as a mutation, but is not marked VOLATILE. Maybe the function was given the wrong volatility when it was defined?',
    );
  const exposedAs = exposed ?? (facts.volatility === 'VOLATILE' ? 'mutation' : 'query');
  if (reasons.length > 0)
    throw new HasuraError(
      'not-supported',
      reasons.length === 1
        ? `the function "${shown}" cannot be tracked because ${reasons[0]}`
        : `the function "${shown}" cannot be tracked for the following reasons:\n${reasons.map(reason => `  • ${reason}\n`).join('')}`,
    );
  return {
    source,
    name,
    id: identifierOf(metadata.function, metadata.configuration?.custom_name),
    metadata,
    facts,
    sessionArgument,
    exposedAs,
    returns,
  };
}
