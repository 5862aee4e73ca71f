import type { CallArgument, FunctionCall } from '../ir/call.ts';
import type { ComputedFieldModel } from './types.ts';

/** The call of a computed field on the row at hand; `given` are its further arguments. Pure. */
export function computedCall(field: ComputedFieldModel, given: readonly CallArgument[]): FunctionCall {
  const { facts, tableArgument, sessionArgument } = field;
  const implicit: CallArgument[] = [];
  const named = (index: number): string | null =>
    given.length > 0 || tableArgument > 0 ? (facts.arguments[index]?.name ?? null) : null;
  implicit.push({ name: named(tableArgument), value: { kind: 'row' } });
  if (sessionArgument !== null) {
    const type = facts.arguments[sessionArgument]!.scalar.kind === 'jsonb' ? 'jsonb' : 'json';
    implicit.push({ name: facts.arguments[sessionArgument]!.name, value: { kind: 'session', type } });
  }
  return { schema: facts.schema, name: facts.name, arguments: [...implicit, ...given] };
}
