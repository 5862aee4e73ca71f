/** Actions: what is sent, and how what comes back is shown. Pure. */
import type { ActionCall } from '../actions/call.ts';
import type { OutputField } from '../actions/shape.ts';
import { hiddenName, type JoinTree } from '../joins/types.ts';
import type { ActionModel, CustomTypesModel } from '../model/types.ts';
import { inputJson } from '../resolve/inputJson.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { PlanContext } from './context.ts';
import { planJoins } from './joins.ts';
import { membersJoined } from './membersJoined.ts';

/** A root field that an action answers. */
export interface PlannedAction {
  readonly kind: 'action';
  readonly call: ActionCall;
  readonly fields: readonly OutputField[] | null;
  readonly joins: JoinTree | null;
}

/** A root field that shows what has become of an asynchronous action. */
export interface PlannedAsyncResult {
  readonly kind: 'asyncResult';
  readonly action: ActionModel;
  readonly id: string;
  readonly typeName: string;
  /** Null for an action that gives a scalar. */
  readonly fields: readonly AsyncField[] | null;
  readonly joins: JoinTree | null;
}

export interface AsyncField {
  readonly alias: string;
  readonly member: 'id' | 'created_at' | 'errors' | 'output' | '__typename';
  readonly fields: readonly OutputField[] | null;
}

type ContextOf = (source: string) => PlanContext;

export function planAction(
  field: ResolvedField,
  action: ActionModel,
  types: CustomTypesModel,
  requestQuery: string,
  contextOf: ContextOf,
): PlannedAction {
  const input = Object.fromEntries(
    Object.entries(field.args).map(([name, value]) => [name, inputJson(value)]),
  );
  return {
    kind: 'action',
    call: { action, types, input, requestQuery },
    fields: planOutput(field.selection),
    joins: planJoins(field.selection, contextOf),
  };
}

export function planAsyncResult(
  field: ResolvedField,
  action: ActionModel,
  contextOf: ContextOf,
): PlannedAsyncResult {
  const id = String(inputJson(field.args.id!));
  if (field.selection?.kind !== 'object')
    return { kind: 'asyncResult', action, id, typeName: '', fields: null, joins: null };
  const fields = field.selection.fields.map(({ alias, def, selection }): AsyncField => {
    if (def.means.kind !== 'asyncField') return { alias, member: '__typename', fields: null };
    return { alias, member: def.means.member, fields: planOutput(selection) };
  });
  return {
    kind: 'asyncResult',
    action,
    id,
    typeName: field.selection.type,
    fields,
    joins: planJoins(field.selection, contextOf),
  };
}

/** Null for a scalar, which is shown as it is. */
function planOutput(selection: ResolvedSelection | null): readonly OutputField[] | null {
  if (selection?.kind !== 'object') return null;
  const fields = selection.fields.map(({ alias, def, selection: below }): OutputField => {
    const { means } = def;
    switch (means.kind) {
      case 'typename':
        return { alias, from: { kind: 'typename', text: selection.type } };
      case 'tableJoin':
        return { alias, from: { kind: 'joined' } };
      case 'actionField':
        return { alias, from: { kind: 'member', name: means.name, below: planOutput(below) } };
      default:
        throw new TypeError(`${def.name} is no field of an action`);
    }
  });
  const hidden = membersJoined(selection.fields).map(
    (name): OutputField => ({ alias: hiddenName(name), from: { kind: 'member', name, below: null } }),
  );
  return [...fields, ...hidden];
}
