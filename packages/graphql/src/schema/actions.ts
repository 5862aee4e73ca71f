/** Actions as root fields, and the types that they take and give. */

import { expandRole } from '../model/permissions.ts';
import type { ActionModel, CustomObjectModel } from '../model/types.ts';
import type { SharedContext } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import type { Roots } from './sourceRoots.ts';
import { tableJoinFields } from './tableJoin.ts';
import { baseName, type FieldDef, type InputFieldDef, named, nonNull, type TypeRef } from './types.ts';

export function actionRoots(context: SharedContext): Roots {
  const queries: FieldDef[] = [];
  const subscriptions: FieldDef[] = [];
  const mutations: FieldDef[] = [];
  const { model, view } = context;
  const roles = expandRole(model, view.role);
  for (const action of model.actions.values()) {
    const allowed = (action.conf.permissions ?? []).some(({ role }) => roles.includes(role));
    if (view.role !== 'admin' && !allowed) continue;
    const args = byName(action.arguments.map(each => argument(context, each)));
    const description = action.conf.comment ?? null;
    const field = { name: action.name, description, args, means: { kind: 'action', action } as const };
    if (action.kind === 'asynchronous') {
      mutations.push({ ...field, type: builtin(context, 'uuid', true) });
      const result = asyncResult(context, action);
      queries.push(result);
      subscriptions.push(result);
      continue;
    }
    (action.kind === 'query' ? queries : mutations).push({
      ...field,
      type: outputRef(context, action.output),
    });
  }
  return { queries, subscriptions, mutations };
}

function argument(
  context: SharedContext,
  { name, type, description }: ActionModel['arguments'][number],
): InputFieldDef {
  return inputField(
    name,
    inputRef(context, type),
    { kind: 'argument' },
    { description, takesNull: !type.nonNull },
  );
}

function inputRef(context: SharedContext, type: TypeRef): TypeRef {
  const { types, model } = context;
  const name = baseName(type);
  const { inputs, enums, scalars } = model.customTypes;
  const input = inputs.get(name);
  const values = enums.get(name);
  if (input)
    types.define(name, () => ({
      kind: 'input',
      name,
      description: input.description,
      fields: byName([...input.fields].map(([field, def]) => argument(context, { name: field, ...def }))),
    }));
  else if (values) defineEnum(context, name);
  else types.define(name, () => ({ kind: 'scalar', name, description: scalars.get(name) ?? null }));
  return type;
}

function defineEnum({ types, model }: SharedContext, name: string): void {
  const found = model.customTypes.enums.get(name)!;
  types.define(name, () => ({
    kind: 'enum',
    name,
    description: found.description,
    values: byName(
      [...found.values].map(([value, description]) => ({ name: value, description, means: value })),
    ),
  }));
}

function outputRef(context: SharedContext, type: TypeRef): TypeRef {
  const { types, model } = context;
  const name = baseName(type);
  const object = model.customTypes.objects.get(name);
  if (object)
    types.define(name, () => ({
      kind: 'object',
      name,
      description: object.description,
      interfaces: [],
      fields: byName(objectFields(context, object)),
    }));
  else if (model.customTypes.enums.has(name)) defineEnum(context, name);
  else
    types.define(name, () => ({
      kind: 'scalar',
      name,
      description: model.customTypes.scalars.get(name) ?? null,
    }));
  return type;
}

function objectFields(context: SharedContext, object: CustomObjectModel): FieldDef[] {
  return [
    ...[...object.fields].map(
      ([name, { type, description }]): FieldDef => ({
        name,
        description,
        args: new Map(),
        type: outputRef(context, type),
        means: { kind: 'actionField', name },
      }),
    ),
    ...object.relationships.flatMap(({ name, kind, source, table, mapping }) =>
      tableJoinFields(context, { name, shape: kind, source, table, keys: mapping }),
    ),
  ];
}

/** `t(id: uuid!)`: what has become of an asynchronous action. */
function asyncResult(context: SharedContext, action: ActionModel): FieldDef {
  const { name } = action;
  const member = (
    field: 'id' | 'created_at' | 'errors' | 'output',
    type: TypeRef,
    description: string,
  ): FieldDef => ({
    name: field,
    description,
    args: new Map(),
    type,
    means: { kind: 'asyncField', member: field },
  });
  context.types.define(name, () => ({
    kind: 'object',
    name,
    description: `fields of action: "${name}"`,
    interfaces: [],
    fields: byName([
      member(
        'created_at',
        builtin(context, 'timestamptz', true),
        'the time at which this action was created',
      ),
      member('errors', builtin(context, 'json'), 'errors related to the invocation'),
      member('id', builtin(context, 'uuid', true), 'the unique id of an action'),
      member('output', outputRef(context, action.output), 'the output fields of this action'),
    ]),
  }));
  return {
    name,
    description: action.conf.comment ?? null,
    args: byName([
      inputField(
        'id',
        nonNull(builtin(context, 'uuid')),
        { kind: 'argument' },
        { description: 'the unique id of an action' },
      ),
    ]),
    type: named(name),
    means: { kind: 'asyncResult', action },
  };
}
