/** Actions as root fields, and the types that they take and give. */

import type { RoleView } from '../model/permissions.ts';
import { expandRole } from '../model/permissions.ts';
import type { ActionModel, CustomObjectModel, Model } from '../model/types.ts';
import { tableKey } from '../model/types.ts';
import { tableAggregate } from './aggregate.ts';
import { type SchemaContext, type SchemaOptions, selectOf, type TypeRegister } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import type { Roots } from './sourceRoots.ts';
import { listArguments, tableList, tableObject } from './table.ts';
import { baseName, type FieldDef, type InputFieldDef, named, nonNull, type TypeRef } from './types.ts';

export interface ActionContext {
  readonly model: Model;
  readonly view: RoleView;
  readonly options: SchemaOptions;
  readonly types: TypeRegister;
}

export function actionRoots(context: ActionContext): Roots {
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
  context: ActionContext,
  { name, type, description }: ActionModel['arguments'][number],
): InputFieldDef {
  return inputField(
    name,
    inputRef(context, type),
    { kind: 'argument' },
    { description, takesNull: !type.nonNull },
  );
}

function inputRef(context: ActionContext, type: TypeRef): TypeRef {
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

function defineEnum({ types, model }: ActionContext, name: string): void {
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

function outputRef(context: ActionContext, type: TypeRef): TypeRef {
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

function objectFields(context: ActionContext, object: CustomObjectModel): FieldDef[] {
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
    ...object.relationships.flatMap(each => relationshipFields(context, each)),
  ];
}

/** Where the role may read the other table. */
function relationshipFields(
  { model, view, options, types }: ActionContext,
  { name, kind, source: sourceName, table: tableName, mapping }: CustomObjectModel['relationships'][number],
): FieldDef[] {
  const source = model.sources.get(sourceName);
  const table = source?.tables.get(tableKey(tableName));
  if (!source || !table) return [];
  const context: SchemaContext = { model, source, view, options, types };
  const permissions = selectOf(context, table);
  if (!permissions) return [];
  const means = { kind: 'tableJoin', table, keys: mapping } as const;
  if (kind === 'object')
    return [
      {
        name,
        description: null,
        args: new Map(),
        type: named(tableObject(context, table)),
        means: { ...means, shape: 'object' },
      },
    ];
  const args = byName(listArguments(context, table));
  const rows: FieldDef = {
    name,
    description: null,
    args,
    type: tableList(context, table),
    means: { ...means, shape: 'array' },
  };
  if (!permissions.aggregations) return [rows];
  return [
    rows,
    {
      name: source.naming.field(`${name}_aggregate`),
      description: null,
      args,
      type: named(tableAggregate(context, table, tableList), true),
      means: { ...means, shape: 'aggregate' },
    },
  ];
}

/** `t(id: uuid!)`: what has become of an asynchronous action. */
function asyncResult(context: ActionContext, action: ActionModel): FieldDef {
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
