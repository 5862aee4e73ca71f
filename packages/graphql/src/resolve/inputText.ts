import { isRawNumber, numberText } from '../ir/json.ts';
import type { InputObjectType } from '../schema/types.ts';
import { type Input, isObject } from './values.ts';

/** A checked value as GraphQL writes it, with what `given` says is an object's besides. Pure. */
export function inputText(input: Input, given: (type: InputObjectType) => readonly string[]): string {
  switch (input.kind) {
    case 'null':
      return 'null';
    case 'enum':
      return input.name;
    case 'scalar':
      return jsonText(input.value);
    case 'list':
      return `[${input.items.map(item => inputText(item, given)).join(', ')}]`;
    case 'object':
      return `{${[
        ...input.fields.map(({ def, value }) => `${def.name}: ${inputText(value, given)}`),
        ...given(input.type),
      ].join(', ')}}`;
  }
}

/** JSON of a scalar that only the remote schema knows. */
function jsonText(value: unknown): string {
  if (typeof value === 'number' || isRawNumber(value)) return numberText(value as number);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${jsonText(member)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}
