import { HasuraError } from '../errors.ts';
import { isRawNumber, numberText } from '../ir/json.ts';
import { baseName, type TypeRef } from '../ir/typeRef.ts';
import type { RemoteDocument } from './types.ts';

const graphqlName = /^[_A-Za-z][_0-9A-Za-z]*$/;

/**
 * A JSON value as GraphQL writes it. What it holds is never read as anything but values: whose names GraphQL does not take is
 * refused. Pure. @throws {HasuraError} validation-failed
 */
export function literalText(value: unknown, type: TypeRef | null, document: RemoteDocument | null): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || isRawNumber(value)) return numberText(value as number);
  if (typeof value === 'string') {
    const isEnum = type !== null && document?.types.get(baseName(type))?.kind === 'enum';
    if (!isEnum) return JSON.stringify(value);
    assertName(value, `the value ${JSON.stringify(value)} is no name that an enum may have`);
    return value;
  }
  if (Array.isArray(value)) {
    const of = type?.kind === 'list' ? type.of : type;
    return `[${value.map(each => literalText(each, of, document)).join(', ')}]`;
  }
  const members = Object.entries(value as object).map(([name, member]) => {
    assertName(
      name,
      `variable value contains object with key ${JSON.stringify(name)}, which is not a legal GraphQL name`,
    );
    return `${name}: ${literalText(member, null, null)}`;
  });
  return `{${members.join(', ')}}`;
}

function assertName(name: string, message: string): void {
  if (!graphqlName.test(name)) throw new HasuraError('validation-failed', message);
}
