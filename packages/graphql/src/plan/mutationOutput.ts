/** What a mutation shows of the rows it has written. Pure. */
import type { MutationOutput, ResponseField } from '../ir/mutation.ts';
import type { TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import type { PlanContext } from './context.ts';
import { planFields } from './select.ts';

export function planOutput(
  context: PlanContext,
  { selection }: ResolvedField,
  table: TableModel,
  isOne: boolean,
): MutationOutput {
  if (isOne) return { kind: 'row', fields: planFields(context, selection, table) };
  if (selection?.kind !== 'object') throw new TypeError('A mutation has fields');
  return {
    kind: 'response',
    fields: selection.fields.map((field): ResponseField => {
      const { alias, def } = field;
      switch (def.means.kind) {
        case 'typename':
          return { kind: 'typename', alias, text: selection.type };
        case 'affectedRows':
          return { kind: 'affectedRows', alias };
        case 'returning':
          return { kind: 'returning', alias, fields: planFields(context, field.selection, table) };
        default:
          throw new TypeError(`${def.name} is no field of a mutation`);
      }
    }),
  };
}
