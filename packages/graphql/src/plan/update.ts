/** Updates and deletes. Pure. */

import { scalarOf } from '../catalog/scalars.ts';
import { HasuraError, type Path } from '../errors.ts';
import { allOf, type BoolExp } from '../ir/boolExp.ts';
import type { Assignment, MutationPlan, UpdateStep } from '../ir/mutation.ts';
import type { TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import type { Carriers } from './carriers.ts';
import type { PlanContext } from './context.ts';
import { planOutput } from './mutationOutput.ts';
import { keyCondition } from './roots.ts';
import { itemsOf, toListValue, toValue } from './values.ts';
import { planWhere } from './where.ts';

export function planUpdate(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  carriers: Carriers,
): MutationPlan {
  const { args, path } = field;
  const assignments = planAssignments(Object.values(args), [...path, 'args']);
  const step = updateStep(context, table, assignments, planWhere(context, args.where, table), carriers);
  return { steps: step ? [step] : [], output: planOutput(context, field, table, false), path: [] };
}

export function planUpdateByKey(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  carriers: Carriers,
): MutationPlan {
  const { args, path } = field;
  const assignments = planAssignments(Object.values(args), [...path, 'args']);
  const key = args.pk_columns ?? args.pkColumns;
  const given =
    key?.kind === 'object' ? Object.fromEntries(key.fields.map(({ def, value }) => [def.name, value])) : {};
  const step = updateStep(context, table, assignments, keyCondition(given, table), carriers);
  return { steps: step ? [step] : [], output: planOutput(context, field, table, true), path: [] };
}

/** One plan for each element, in their order. Yields between them. @throws {HasuraError} */
export function* planUpdateMany(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  carriers: Carriers,
): Generator<void, readonly MutationPlan[]> {
  const { updates } = field.args;
  const plans: MutationPlan[] = [];
  for (const [i, item] of itemsOf(updates).entries()) {
    const fields = item.kind === 'object' ? item.fields : [];
    const operators = fields.filter(({ def }) => def.means.kind === 'update').map(({ value }) => value);
    const where = fields.find(({ def }) => def.name === 'where')?.value;
    const assignments = planAssignments(operators, [...field.path, 'args', 'updates', i]);
    const step = updateStep(context, table, assignments, planWhere(context, where, table), carriers);
    plans.push({
      steps: step ? [step] : [],
      output: planOutput(context, field, table, false),
      path: [],
    });
    yield;
  }
  return plans;
}

export function planDelete(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  isOne: boolean,
  carriers: Carriers,
): MutationPlan {
  const permissions = context.view.permissions(table).delete;
  if (!permissions) throw new TypeError(`${context.view.role} may not delete from ${table.name.name}`);
  const asked = isOne ? keyCondition(field.args, table) : planWhere(context, field.args.where, table);
  const carrier = carriers.next();
  return {
    steps: [
      {
        kind: 'delete',
        table: table.name,
        where: allOf([permissions.filter, asked]),
        handsOn: new Set(),
        carrier,
        shownIn: carrier,
        whenNone: null,
        check: null,
      },
    ],
    output: planOutput(context, field, table, isOne),
    path: [],
  };
}

/** Null where nothing is to be changed. */
function updateStep(
  context: PlanContext,
  table: TableModel,
  assignments: readonly Assignment[],
  where: BoolExp,
  carriers: Carriers,
): UpdateStep | null {
  const permissions = context.view.permissions(table).update;
  if (!permissions) throw new TypeError(`${context.view.role} may not update ${table.name.name}`);
  const presets = [...permissions.presets].map(
    ([column, value]): Assignment => ({ column, operator: 'set', value }),
  );
  const all = [...assignments, ...presets];
  if (all.length === 0) return null;
  const carrier = carriers.next();
  const { check } = permissions;
  return {
    kind: 'update',
    table: table.name,
    assignments: all,
    where: allOf([permissions.filter, where]),
    handsOn: new Set(),
    carrier,
    shownIn: carrier,
    whenNone: null,
    check: check && !(check.kind === 'constant' && check.value) ? check : null,
  };
}

/** @throws {HasuraError} for a column that two operators change */
function planAssignments(inputs: readonly Input[], path: Path): readonly Assignment[] {
  const assignments: Assignment[] = [];
  for (const input of inputs) {
    if (input.kind !== 'object') continue;
    const operator = operatorOf(input);
    if (operator === null) continue;
    for (const { def, value } of input.fields) {
      if (def.means.kind !== 'column') continue;
      const { name, scalar } = def.means.column;
      assignments.push({ column: name, operator, value: changeOf(operator, value, scalar) });
    }
  }
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { column } of assignments) {
    if (seen.has(column)) twice.add(column);
    seen.add(column);
  }
  if (twice.size > 0)
    throw new HasuraError(
      'validation-failed',
      `Column found in multiple operators: ${twice.size === 1 ? `'${[...twice][0]}'` : `[${[...twice].map(name => `'${name}'`).join(', ')}]`}.`,
      { path },
    );
  return assignments;
}

const operators: readonly Assignment['operator'][] = [
  'append',
  'prepend',
  'delete_at_path',
  'delete_elem',
  'delete_key',
  'inc',
  'set',
];

/** The operator that an object of columns stands for. */
function operatorOf(input: Input & { readonly kind: 'object' }): Assignment['operator'] | null {
  return operators.find(operator => input.type.update === operator) ?? null;
}

function changeOf(
  operator: Assignment['operator'],
  value: Input,
  scalar: Parameters<typeof toValue>[1],
): Assignment['value'] {
  switch (operator) {
    case 'delete_key':
      return toValue(value, scalarOf('text'));
    case 'delete_elem':
      return toValue(value, scalarOf('integer'));
    case 'delete_at_path':
      return toListValue(value, scalarOf('text'));
    default:
      return toValue(value, scalar);
  }
}
