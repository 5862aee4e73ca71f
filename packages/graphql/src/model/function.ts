/** Tracked functions: rows of a tracked table by a call, as a root field. */
import type { SourceCatalog } from '../catalog/load.ts';
import { type FunctionMetadata, qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { isGraphqlName } from './naming.ts';
import { showReasons } from './reasons.ts';
import { identifierOf } from './table.ts';
import { type FunctionModel, showTable, type TableModel, tableKey } from './types.ts';
import { Untracked } from './untracked.ts';

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
  if (!isGraphqlName(identifierOf(metadata.function, null).text))
    reasons.push('function name is not a legal GraphQL identifier');
  if (facts.isVariadic) reasons.push('function with "VARIADIC" parameters are not supported');
  if (!facts.returns.isTable && !facts.returns.isComposite)
    reasons.push('the function does not return a "COMPOSITE" type');
  if (!facts.returns.isTable) reasons.push('the function does not return a table');
  const { session_argument: given, exposed_as: exposed } = metadata.configuration ?? {};
  if (exposed === 'mutation' && facts.volatility !== 'VOLATILE')
    reasons.push(
      'the function was requested to be exposed as a mutation, but is not marked VOLATILE. Maybe the function was given the wrong volatility when it was defined?',
    );
  const wrong = facts.arguments.flatMap(({ name: argument }) =>
    argument !== null && !isGraphqlName(argument) ? [argument] : [],
  );
  if (wrong.length > 0)
    reasons.push(`the function arguments ${wrong.join(',')} are not in compliance with GraphQL spec`);
  let sessionArgument: number | null = null;
  if (given) {
    const index = facts.arguments.findIndex(argument => argument.name === given);
    const kind = facts.arguments[index]?.scalar.kind;
    if (index < 0) reasons.push(`given session argument "${given}" not the input argument of the function`);
    else if (kind !== 'json' && kind !== 'jsonb')
      reasons.push(`given session argument "${given}" is not of type json`);
    else sessionArgument = index;
  }
  const exposedAs = exposed ?? (facts.volatility === 'VOLATILE' ? 'mutation' : 'query');
  if (reasons.length > 0)
    throw new HasuraError(
      'not-supported',
      `the function "${shown}" cannot be tracked ${showReasons(reasons)}`,
    );
  if (!tables.has(tableKey(returns)))
    throw new Untracked('not-exists', `table "${showTable(returns)}" is not tracked`);
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
