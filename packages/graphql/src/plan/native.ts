/** Where rows come from: a table, or the text of a native query with its arguments filled in. Pure. */
import type { From } from '../ir/select.ts';
import type { Value } from '../ir/value.ts';
import type { TableModel } from '../model/types.ts';
import type { Input } from '../resolve/values.ts';
import { toValue } from './values.ts';

export function fromOf({ name, native, columns }: TableModel, args: Input | undefined): From {
  if (!native) return { kind: 'table', table: name };
  const given = new Map(
    args?.kind === 'object' ? args.fields.map(({ def, value }) => [def.name, value]) : [],
  );
  const scalars = new Map(native.arguments.map(argument => [argument.name, argument.scalar]));
  const parts = native.parts.map((part): string | Value =>
    typeof part === 'string'
      ? part
      : toValue(given.get(part.argument) ?? { kind: 'null' }, scalars.get(part.argument)!),
  );
  return { kind: 'sql', parts, columns: [...columns.keys()] };
}
