/** `where` as a condition, with the permissions of whatever it looks at. Pure. */
import { scalarOf } from '../catalog/scalars.ts';
import { allOf, always, anyOf, type BoolExp, type Operand } from '../ir/boolExp.ts';
import { operators } from '../ir/operators.ts';
import { sibling } from '../model/boolExpJson.ts';
import { computedCall } from '../model/computedField.ts';
import type { TableModel } from '../model/types.ts';
import type { Input, InputField } from '../resolve/values.ts';
import { planAggregatePredicate } from './aggregatePredicate.ts';
import type { PlanContext } from './context.ts';
import { booleanOf, itemsOf, toListValue, toValue } from './values.ts';

export function planWhere(context: PlanContext, input: Input | undefined, table: TableModel): BoolExp {
  if (input?.kind !== 'object') return always;
  return allOf(input.fields.map(field => planMember(context, field, table)));
}

function planMember(context: PlanContext, { def, value }: InputField, table: TableModel): BoolExp {
  const { means } = def;
  const select = context.view.permissions(table).select;
  switch (means.kind) {
    case 'and':
      return allOf(itemsOf(value).map(item => planWhere(context, item, table)));
    case 'or':
      return anyOf(itemsOf(value).map(item => planWhere(context, item, table)));
    case 'not':
      return { kind: 'not', exp: planWhere(context, value, table) };
    case 'column': {
      const { name, scalar } = means.column;
      const shownIf = select?.columns.get(name);
      return planOperations(value, { kind: 'column', column: name, scalar, ...(shownIf && { shownIf }) });
    }
    case 'relationship': {
      const { relationship, table: target } = means;
      return {
        kind: 'exists',
        table: target.name,
        join: relationship.join,
        where: allOf([filterOf(context, target), planWhere(context, value, target)]),
      };
    }
    case 'relationshipAggregate':
      return planAggregatePredicate(
        context,
        value,
        means.table,
        means.relationship.join,
        planWhere,
        planOperations,
      );
    case 'computedField': {
      const call = computedCall(means.field, []);
      const shownIf = select?.computedFields.get(means.field.name);
      if (means.field.returns.kind === 'scalar')
        return planOperations(value, {
          kind: 'call',
          call,
          scalar: means.field.returns.scalar,
          ...(shownIf && { shownIf }),
        });
      const target = means.table!;
      return {
        kind: 'existsInCall',
        call,
        where: allOf([filterOf(context, target), planWhere(context, value, target)]),
      };
    }
    default:
      throw new TypeError(`${def.name} is no condition`);
  }
}

/** The rows that the role may see. */
export function filterOf({ view }: PlanContext, table: TableModel): BoolExp {
  const select = view.permissions(table).select;
  if (!select) throw new TypeError(`${view.role} may not read ${table.name.name}`);
  return select.filter;
}

/** Operators on one operand. */
export function planOperations(input: Input, operand: Operand): BoolExp {
  if (input.kind !== 'object') return always;
  return allOf(input.fields.map(field => planOperation(field, operand)));
}

function planOperation({ def, value }: InputField, operand: Operand): BoolExp {
  // Null is only let in where it is to mean nothing.
  if (value.kind === 'null') return always;
  const { means } = def;
  switch (means.kind) {
    case 'isNull':
      return { kind: 'isNull', operand, isNull: booleanOf(value)! };
    case 'cast':
      if (value.kind !== 'object') return always;
      return allOf(
        value.fields.map(field => {
          if (field.def.means.kind !== 'castTo') throw new TypeError(`${field.def.name} is no cast`);
          return planOperations(field.value, { kind: 'cast', operand, scalar: field.def.means.scalar });
        }),
      );
    case 'operator': {
      const { operator } = means;
      const { scalar } = operand;
      const compare = (right: BoolExp & { readonly kind: 'compare' }): BoolExp => right;
      switch (operators[operator].right) {
        case 'same':
          return compare({ kind: 'compare', operand, operator, value: toValue(value, scalar) });
        case 'list':
          return compare({ kind: 'compare', operand, operator, value: toListValue(value, scalar) });
        case 'text':
          return compare({ kind: 'compare', operand, operator, value: toValue(value, scalarOf('text')) });
        case 'textList':
          return compare({ kind: 'compare', operand, operator, value: toListValue(value, scalarOf('text')) });
        case 'lquery':
          return compare({
            kind: 'compare',
            operand,
            operator,
            value: toValue(value, scalarOf(sibling(scalar, 'lquery'))),
          });
        case 'lqueryList':
          return compare({
            kind: 'compare',
            operand,
            operator,
            value: toListValue(value, scalarOf(sibling(scalar, 'lquery'))),
          });
        case 'ltxtquery':
          return compare({
            kind: 'compare',
            operand,
            operator,
            value: toValue(value, scalarOf(sibling(scalar, 'ltxtquery'))),
          });
        case 'other':
          return planGeographic(value, operand, operator);
      }
      break;
    }
    default:
  }
  throw new TypeError(`${def.name} is no operator`);
}

/** Operators of PostGIS that take an object. */
function planGeographic(input: Input, operand: Operand, operator: keyof typeof operators): BoolExp {
  if (input.kind !== 'object') return always;
  const members = new Map(input.fields.map(({ def, value }) => [def.name, value]));
  const float = scalarOf('double precision');
  const integer = scalarOf('integer');
  const geometry =
    operand.scalar.kind === 'raster' ? scalarOf(sibling(operand.scalar, 'geometry')) : operand.scalar;
  const given = (name: string, scalar = float) => {
    const value = members.get(name);
    return value && value.kind !== 'null' ? [toValue(value, scalar)] : [];
  };
  switch (operator) {
    case '_st_intersects_nband_geom':
      return {
        kind: 'compare',
        operand,
        operator,
        value: given('nband', integer)[0]!,
        more: given('geommin', geometry),
      };
    case '_st_intersects_geom_nband':
      return {
        kind: 'compare',
        operand,
        operator,
        value: given('geommin', geometry)[0]!,
        more: given('nband', integer),
      };
    default:
      return {
        kind: 'compare',
        operand,
        operator,
        value: given('from', geometry)[0]!,
        more: [...given('distance'), ...given('use_spheroid', scalarOf('boolean'))],
      };
  }
}
