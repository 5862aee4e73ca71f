/** Actions: what is sent, and how what comes back is shown. Pure. */
import type { ActionCall } from '../actions/call.ts';
import type { OutputField } from '../actions/shape.ts';
import type { JoinTree, TableJoin } from '../joins/types.ts';
import type { ActionModel, CustomTypesModel } from '../model/types.ts';
import { inputJson } from '../resolve/inputJson.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { PlanContext } from './context.ts';
import { planTableJoin } from './tableJoin.ts';

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
  const { fields, joins } = planOutput(field.selection, contextOf);
  return { kind: 'action', call: { action, types, input, requestQuery }, fields, joins };
}

export function planAsyncResult(
  field: ResolvedField,
  action: ActionModel,
  contextOf: ContextOf,
): PlannedAsyncResult {
  const id = String(inputJson(field.args.id!));
  if (field.selection?.kind !== 'object')
    return { kind: 'asyncResult', action, id, typeName: '', fields: null, joins: null };
  const below = new Map<string, JoinTree>();
  const fields = field.selection.fields.map(({ alias, def, selection }): AsyncField => {
    if (def.means.kind !== 'asyncField') return { alias, member: '__typename', fields: null };
    const output = planOutput(selection, contextOf);
    if (output.joins) below.set(alias, output.joins);
    return { alias, member: def.means.member, fields: output.fields };
  });
  return {
    kind: 'asyncResult',
    action,
    id,
    typeName: field.selection.type,
    fields,
    joins: below.size > 0 ? { hidden: [], joins: new Map(), below } : null,
  };
}

interface PlannedOutput {
  readonly fields: readonly OutputField[] | null;
  readonly joins: JoinTree | null;
}

function planOutput(selection: ResolvedSelection | null, contextOf: ContextOf): PlannedOutput {
  if (selection?.kind !== 'object') return { fields: null, joins: null };
  const fields: OutputField[] = [];
  const hidden = new Map<string, string>();
  const joins = new Map<string, TableJoin>();
  const below = new Map<string, JoinTree>();
  for (const each of selection.fields) {
    const { alias, def } = each;
    const { means } = def;
    if (means.kind === 'typename') fields.push({ alias, from: { kind: 'typename', text: selection.type } });
    else if (means.kind === 'tableJoin') {
      const keys = means.keys.map(([member, column]) => {
        // No response name begins so: GraphQL keeps two underscores for itself.
        const name = `__join_${member}`;
        hidden.set(name, member);
        return [name, column] as const;
      });
      joins.set(
        alias,
        planTableJoin(contextOf(means.table.source), each, means.table, { kind: means.shape, keys }),
      );
      fields.push({ alias, from: { kind: 'joined' } });
    } else if (means.kind === 'actionField') {
      const output = planOutput(each.selection, contextOf);
      if (output.joins) below.set(alias, output.joins);
      fields.push({ alias, from: { kind: 'member', name: means.name, below: output.fields } });
    } else throw new TypeError(`${def.name} is no field of an action`);
  }
  for (const [alias, name] of hidden) fields.push({ alias, from: { kind: 'member', name, below: null } });
  const isPlain = joins.size + below.size === 0;
  return { fields, joins: isPlain ? null : { hidden: [...hidden.keys()], joins, below } };
}
