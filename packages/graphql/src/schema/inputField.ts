import type { InputMeaning } from './meaning.ts';
import type { InputFieldDef, TypeRef } from './types.ts';

export interface InputFieldOptions {
  readonly description?: string | null;
  /** Default: false, so that null is refused where the field may be left out. */
  readonly takesNull?: boolean;
  readonly default?: string;
}

/** An argument, or a field of an input object. */
export function inputField(
  name: string,
  type: TypeRef,
  means: InputMeaning = { kind: 'argument' },
  options: InputFieldOptions = {},
): InputFieldDef {
  return {
    name,
    description: options.description ?? null,
    type,
    takesNull: options.takesNull ?? false,
    means,
    ...(options.default !== undefined && { default: options.default }),
  };
}

/** Fields by their names, in this order. */
export function byName<Field extends { readonly name: string }>(
  fields: readonly Field[],
): ReadonlyMap<string, Field> {
  return new Map(fields.map(field => [field.name, field]));
}
