/** Checked values as parameters. */
import { type Scalar, scalarOf } from '../catalog/scalars.ts';
import { arrayText } from '../ir/readers.ts';
import type { ParamSource, Value } from '../ir/value.ts';
import type { Input } from '../resolve/values.ts';

/** A value of a column or an argument. */
export function toValue(input: Input, scalar: Scalar): Value {
  return { kind: 'param', source: sourceOf(input), scalar };
}

function sourceOf(input: Input): ParamSource {
  switch (input.kind) {
    case 'scalar':
      return input.source;
    case 'enum':
      return { kind: 'constant', text: input.value };
    case 'null':
      return { kind: 'constant', text: null };
    case 'list':
      return listSource(input);
    case 'object':
      throw new TypeError(`An object of type ${input.type.name} is no value of PostgreSQL's`);
  }
}

/** A list of values as one array. */
export function toListValue(input: Input, scalar: Scalar): Value {
  const list = scalarOf(`${scalar.sql}[]`);
  return { kind: 'param', source: input.kind === 'list' ? listSource(input) : sourceOf(input), scalar: list };
}

function listSource({ items, source }: Input & { readonly kind: 'list' }): ParamSource {
  if (source) return source;
  const sources = items.map(sourceOf);
  const texts: (string | null)[] = [];
  for (const each of sources) {
    if (each.kind !== 'constant') return { kind: 'array', items: sources };
    texts.push(each.text);
  }
  return { kind: 'constant', text: arrayText(texts) };
}

/** The value of a Boolean, which decides over the statement; remembered plans are kept by it. */
export function booleanOf(input: Input | undefined): boolean | undefined {
  return input?.kind === 'scalar' && typeof input.value === 'boolean' ? input.value : undefined;
}

/** Members of a list that may be one alone. */
export function itemsOf(input: Input | undefined): readonly Input[] {
  return input === undefined || input.kind === 'null' ? [] : input.kind === 'list' ? input.items : [input];
}
