/** Relay's ids: `[1, schema, table, …primary key]` in base64. Pure. */
import { HasuraError, type Path } from '../errors.ts';
import type { TableName } from '../ir/boolExp.ts';
import { numberText, parseJson } from '../ir/json.ts';

export interface NodeId {
  readonly table: TableName;
  readonly key: readonly unknown[];
}

/** @throws {HasuraError} in the reference's words */
export function parseNodeId(text: string, path: Path): NodeId {
  const refuse = (why: string): HasuraError =>
    new HasuraError('validation-failed', `invalid node id: Error in $: ${why}`, { path });
  let value: unknown;
  try {
    value = parseJson(Buffer.from(text, 'base64').toString());
  } catch {
    throw refuse('not a valid json value');
  }
  if (!Array.isArray(value))
    throw refuse(`parsing node id failed, expected Array, but encountered ${kindOf(value)}`);
  if (value.length === 0) throw refuse('unexpected GUID format, found empty list');
  const [version, schema, name, ...key] = value as unknown[];
  if (typeof version !== 'number')
    throw refuse('unexpected GUID format, needs to start with a version number');
  if (version !== 1) throw refuse(`unsupported GUID version: ${numberText(version)}.0`);
  if (typeof schema !== 'string' || typeof name !== 'string' || key.length === 0)
    throw refuse('GUID version 1: expecting schema name, table name and at least one column value');
  return { table: { schema, name }, key };
}

function kindOf(value: unknown): string {
  if (value === null) return 'Null';
  return { string: 'String', boolean: 'Boolean', number: 'Number' }[typeof value as string] ?? 'Object';
}
