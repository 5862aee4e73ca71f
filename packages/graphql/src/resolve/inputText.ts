import { literalText } from '../remote/literal.ts';
import type { InputObjectType } from '../schema/types.ts';
import type { Input } from './values.ts';

/** A checked value as GraphQL writes it, with what `given` says is an object's besides. Pure. @throws {HasuraError} */
export function inputText(input: Input, given: (type: InputObjectType) => readonly string[]): string {
  switch (input.kind) {
    case 'null':
      return 'null';
    case 'enum':
      return input.name;
    case 'scalar':
      // Of a scalar that only the remote schema knows, whatever JSON it is.
      return literalText(input.value, null, null);
    case 'list':
      return `[${input.items.map(item => inputText(item, given)).join(', ')}]`;
    case 'object':
      return `{${[
        ...input.fields.map(({ def, value }) => `${def.name}: ${inputText(value, given)}`),
        ...given(input.type),
      ].join(', ')}}`;
  }
}
