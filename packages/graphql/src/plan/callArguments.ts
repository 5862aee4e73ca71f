import type { FunctionFacts } from '../catalog/functions.ts';
import { HasuraError, type Path } from '../errors.ts';
import type { CallArgument } from '../ir/call.ts';
import type { Input } from '../resolve/values.ts';
import { toValue } from './values.ts';

interface Called {
  readonly facts: FunctionFacts;
  /** Positions that the server fills. */
  readonly tableArgument?: number;
  readonly sessionArgument: number | null;
}

/**
 * Arguments that a client gives to a function: by name, or, where not all have one, by position.
 * @throws {HasuraError} not-supported for one that has no default and is not given
 */
export function planCallArguments(
  input: Input | undefined,
  { facts, tableArgument, sessionArgument }: Called,
  path: Path,
): readonly CallArgument[] {
  const given = new Map(
    input?.kind === 'object'
      ? input.fields.flatMap(({ def, value }) =>
          def.means.kind === 'functionArgument' ? [[def.means.index, value] as const] : [],
        )
      : [],
  );
  const firstDefault = facts.arguments.length - facts.defaults;
  const isNamed = facts.arguments.every(({ name }) => name !== null);
  let hasGap = false;
  return facts.arguments.flatMap(({ name, scalar }, index) => {
    if (index === tableArgument || index === sessionArgument) return [];
    const value = given.get(index);
    if (value && (isNamed || !hasGap))
      return [{ name: isNamed ? name : null, value: toValue(value, scalar) }];
    const refused = value
      ? 'Only last set of positional arguments can be omitted'
      : index < firstDefault && 'Non default arguments cannot be omitted';
    if (refused) throw new HasuraError('not-supported', refused, { path: [...path, 'args'] });
    hasGap = true;
    return [];
  });
}
