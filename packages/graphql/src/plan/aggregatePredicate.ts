import { scalarOf } from '../catalog/scalars.ts';
import { allOf, type BoolExp, type Join, type Operand } from '../ir/boolExp.ts';
import type { TableModel } from '../model/types.ts';
import type { Input } from '../resolve/values.ts';
import type { PlanContext } from './context.ts';
import { booleanOf, itemsOf } from './values.ts';

/** `articles_aggregate: {count: {filter, predicate}}`. Pure. */
export function planAggregatePredicate(
  context: PlanContext,
  input: Input,
  table: TableModel,
  join: Join,
  where: (context: PlanContext, input: Input | undefined, table: TableModel) => BoolExp,
  operations: (input: Input, operand: Operand) => BoolExp,
): BoolExp {
  if (input.kind !== 'object') return allOf([]);
  const permissions = context.view.permissions(table).select;
  return allOf(
    input.fields.flatMap(({ def, value }) => {
      if (value.kind !== 'object' || def.means.kind !== 'aggregateOperator') return [];
      const members = new Map(value.fields.map(field => [field.def.name, field.value]));
      const predicate = members.get('predicate');
      const { fn } = def.means;
      const operand: Operand = {
        kind: 'aggregate',
        scalar: scalarOf(fn === 'count' ? 'integer' : 'boolean'),
      };
      return [
        {
          kind: 'aggregate',
          table: table.name,
          join,
          fn,
          columns: itemsOf(members.get('arguments')).flatMap(item => {
            if (item.kind !== 'enum') return [];
            const shownIf = permissions?.columns.get(item.value);
            return [{ column: item.value, ...(shownIf && { shownIf }) }];
          }),
          isDistinct: booleanOf(members.get('distinct')) ?? false,
          filter: where(context, members.get('filter'), table),
          where: permissions?.filter ?? { kind: 'constant', value: false },
          predicate: predicate ? operations(predicate, operand) : allOf([]),
        } as const,
      ];
    }),
  );
}
