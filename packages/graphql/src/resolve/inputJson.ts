import type { Input } from './values.ts';

/** A checked value as JSON, as others get it. Pure. */
export function inputJson(input: Input): unknown {
  switch (input.kind) {
    case 'null':
      return null;
    case 'scalar':
      return input.value;
    case 'enum':
      return input.name;
    case 'list':
      return input.items.map(inputJson);
    case 'object':
      return Object.fromEntries(input.fields.map(({ def, value }) => [def.name, inputJson(value)]));
  }
}
