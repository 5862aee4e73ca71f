/** Fields of rows, and of the rows beside them. Pure. */
import type { Scalar } from '../catalog/scalars.ts';
import { scalarOf } from '../catalog/scalars.ts';
import { HasuraError } from '../errors.ts';
import { allOf, type BoolExp } from '../ir/boolExp.ts';
import type { Form, From, Rows, SelectField, SelectPlan } from '../ir/select.ts';
import type { Value } from '../ir/value.ts';
import { hiddenName } from '../joins/types.ts';
import { computedCall } from '../model/computedField.ts';
import type { ColumnModel, TableModel } from '../model/types.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import { planAggregate } from './aggregate.ts';
import { planCallArguments } from './callArguments.ts';
import { parseColumnPath } from './columnPath.ts';
import type { PlanContext } from './context.ts';
import { membersJoined } from './membersJoined.ts';
import { fromOf } from './native.ts';
import { planDistinctOn, planOrderBy } from './orderBy.ts';
import { planConnection } from './relay.ts';
import { toValue } from './values.ts';
import { filterOf, planWhere } from './where.ts';

const bigint = scalarOf('bigint');

/** A list of rows by a field's arguments, and no more than the role may see. */
export function planRows(context: PlanContext, field: ResolvedField, table: TableModel, from: From): Rows {
  const { args, path } = field;
  const orderBy = planOrderBy(context, args.order_by ?? args.orderBy, table);
  return {
    from,
    where: allOf([filterOf(context, table), planWhere(context, args.where, table)]),
    orderBy,
    distinctOn: planDistinctOn(context, args.distinct_on ?? args.distinctOn, table, orderBy, [
      ...path,
      'args',
    ]),
    limit: numberValue(args.limit),
    offset: numberValue(args.offset),
  };
}

function numberValue(input: Input | undefined): Value | null {
  return input === undefined || input.kind === 'null' ? null : toValue(input, bigint);
}

/** The same with the permission's limit, which caps what is shown. */
export function limited(rows: Rows, limit: number | null): Rows {
  if (limit === null) return rows;
  const cap: Value = { kind: 'literal', text: String(limit), scalar: bigint };
  return { ...rows, limit: rows.limit ? { kind: 'least', values: [rows.limit, cap] } : cap };
}

export function planList(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  from: From,
): SelectPlan {
  const rows = planRows(context, field, table, from);
  return {
    rows: limited(rows, context.view.permissions(table).select?.limit ?? null),
    fields: planFields(context, field.selection, table),
  };
}

/** Rows without arguments: one by its key, or what a mutation returns. */
export function plainRows(from: From, where: BoolExp): Rows {
  return { from, where, orderBy: [], distinctOn: [], limit: null, offset: null };
}

export function planFields(
  context: PlanContext,
  selection: ResolvedSelection | null,
  table: TableModel,
): readonly SelectField[] {
  if (selection?.kind !== 'object') return [];
  const shown = selection.fields.map(field => planField(context, field, table, selection.type));
  const hidden = membersJoined(selection.fields).map(member => planMember(context, table, member));
  return hidden.length > 0 ? [...shown, ...hidden] : shown;
}

/** A column or a computed field that what is joined to the row goes by: under a name of its own, with every digit. */
function planMember(context: PlanContext, table: TableModel, member: string): SelectField {
  const alias = hiddenName(member);
  const permissions = context.view.permissions(table).select;
  const exact = { ...context, stringifyNumericTypes: false };
  const column = table.columns.get(member);
  if (column) {
    const { scalar } = column;
    const shownIf = permissions?.columns.get(member);
    const form = formOf(exact, scalar);
    return { kind: 'column', alias, column: member, scalar, form, path: null, ...(shownIf && { shownIf }) };
  }
  const field = table.computedFields.get(member)!;
  const { scalar } = field.returns as { readonly scalar: Scalar };
  const call = computedCall(field, []);
  const shownIf = permissions?.computedFields.get(member);
  return {
    kind: 'call',
    alias,
    call,
    scalar,
    form: formOf(exact, scalar),
    path: null,
    ...(shownIf && { shownIf }),
  };
}

function planField(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  typeName: string,
): SelectField {
  const { alias, def, args } = field;
  const { means } = def;
  const permissions = context.view.permissions(table).select;
  switch (means.kind) {
    case 'typename':
      return { kind: 'typename', alias, text: typeName };
    case 'column': {
      const { name, scalar } = means.column;
      const shownIf = permissions?.columns.get(name);
      return {
        kind: 'column',
        alias,
        column: name,
        scalar,
        form: isUpperCase(context, means.column) ? 'upperCase' : formOf(context, scalar),
        path: pathOf(context, args.path, field),
        ...(shownIf && { shownIf }),
      };
    }
    case 'computedField': {
      const call = computedCall(means.field, planCallArguments(args.args, means.field, field.path));
      const shownIf = permissions?.computedFields.get(means.field.name);
      if (means.table !== null)
        return {
          kind: 'list',
          alias,
          join: [],
          select: planList(context, field, means.table, { kind: 'call', call }),
          ...(shownIf && { shownIf }),
        };
      const { scalar } = means.field.returns as { readonly scalar: Scalar };
      return {
        kind: 'call',
        alias,
        call,
        scalar,
        form: formOf(context, scalar),
        path: pathOf(context, args.path, field),
        ...(shownIf && { shownIf }),
      };
    }
    case 'relationship': {
      const { relationship, table: target } = means;
      const from = fromOf(target, args.args);
      const { join } = relationship;
      if (relationship.kind === 'array')
        return { kind: 'list', alias, join, select: planList(context, field, target, from) };
      // A permission's limit would leave all parents but the first ones without their row.
      const rows = { ...plainRows(from, filterOf(context, target)), limit: one };
      return {
        kind: 'object',
        alias,
        join,
        select: { rows, fields: planFields(context, field.selection, target) },
      };
    }
    case 'tableJoin':
    case 'remoteJoin':
      return { kind: 'joined', alias };
    case 'nodeId':
      return {
        kind: 'nodeId',
        alias,
        table: table.name,
        columns: table.primaryKey.map(({ name }) => name),
      };
    case 'connection': {
      const from: From = { kind: 'table', table: means.table.name };
      return {
        kind: 'connection',
        alias,
        join: means.relationship?.join ?? [],
        connection: planConnection(context, field, means.table, from, planFields),
      };
    }
    case 'relationshipAggregate': {
      const from: From = { kind: 'table', table: means.table.name };
      return {
        kind: 'aggregate',
        alias,
        join: means.relationship.join,
        aggregate: planAggregate(context, field, means.table, from, planRows, planFields),
      };
    }
    default:
      throw new TypeError(`${def.name} is no field of a row`);
  }
}

export const one: Value = { kind: 'literal', text: '1', scalar: bigint };

const stringified: ReadonlySet<string> = new Set(['bigint', 'numeric', 'float8']);

/** Values of enum tables are in upper case where the naming convention is GraphQL's. */
function isUpperCase({ source }: PlanContext, { enumTable }: ColumnModel): boolean {
  return enumTable !== null && source.naming.convention === 'graphql-default';
}

/** How a type's values are shown. */
export function formOf({ stringifyNumericTypes }: PlanContext, scalar: Scalar): Form {
  if (scalar.kind === 'geometry' || scalar.kind === 'geography') return 'geojson';
  if (scalar.kind === 'raster') return 'text';
  if (!stringifyNumericTypes) return 'json';
  if (scalar.element) return stringified.has(scalar.element.name) ? 'textArray' : 'json';
  return stringified.has(scalar.name) ? 'text' : 'json';
}

/** The steps of `path`; they stand in the statement, so that the plan is this value's. */
function pathOf(
  context: PlanContext,
  input: Input | undefined,
  { path }: ResolvedField,
): readonly string[] | null {
  if (input?.kind !== 'scalar') return null;
  if (input.source.kind === 'variable') context.onStructural(input.source.path);
  const steps = parseColumnPath(String(input.value));
  if (typeof steps === 'string')
    throw new HasuraError('validation-failed', `parse json path error: ${steps}`, {
      path: [...path, 'args'],
    });
  return steps.length === 0 ? null : steps;
}
