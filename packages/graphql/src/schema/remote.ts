/** Fields and types of remote schemas, under the names that the metadata gives them. */
import type { RemoteSchemaModel } from '../model/types.ts';
import { presetOf } from '../remote/preset.ts';
import type { Preset, RemoteField, RemoteInput, RemoteType } from '../remote/types.ts';
import type { JoinFields, TypeRegister } from './context.ts';
import { byName, inputField } from './inputField.ts';
import type { Roots } from './sourceRoots.ts';
import { type FieldDef, type InputFieldDef, named, type TypeRef } from './types.ts';

/** Of one remote schema, as the role sees it. */
export interface RemoteContext {
  readonly schema: RemoteSchemaModel;
  readonly types: TypeRegister;
  readonly joined: JoinFields;
}

export function remoteRoots(context: RemoteContext): Roots {
  const { schema, types } = context;
  const { document, names } = schema;
  const roots = (typeName: string | null): readonly FieldDef[] => {
    const type = typeName === null ? undefined : document.types.get(typeName);
    if (type?.kind !== 'object') return [];
    const fields = [...type.fields].map(
      ([name, field]): FieldDef => ({
        ...fieldDef(context, type.name, name, field),
        means: { kind: 'remote', schema, field: name, presets: presetsOf(schema, field.args) },
      }),
    );
    if (names.namespace === null || fields.length === 0) return fields;
    const own = names.type(type.name);
    types.define(own, () => ({
      kind: 'object',
      name: own,
      description: type.description,
      interfaces: [],
      fields: byName(fields),
    }));
    return [
      {
        name: names.namespace,
        description: null,
        args: new Map(),
        type: named(own),
        means: { kind: 'namespace' },
      },
    ];
  };
  return {
    queries: roots(document.query),
    mutations: roots(document.mutation),
    subscriptions: roots(document.subscription),
  };
}

function fieldDef(
  context: RemoteContext,
  parent: string,
  name: string,
  { type, description, args }: RemoteField,
): FieldDef {
  return {
    name: context.schema.names.field(parent, name),
    description,
    args: inputDefs(context, args),
    type: refOf(context, type),
    means: { kind: 'remoteField', field: name, presets: presetsOf(context.schema, args) },
  };
}

/** Without those that are given by a permission. */
function inputDefs(
  context: RemoteContext,
  inputs: ReadonlyMap<string, RemoteInput>,
): ReadonlyMap<string, InputFieldDef> {
  const open = [...inputs].filter(([, input]) => !presetOf(input, context.schema.document.types));
  return byName(open.map(([name, input]) => inputDef(context, name, input)));
}

export function presetsOf(
  { document }: RemoteSchemaModel,
  inputs: ReadonlyMap<string, RemoteInput>,
): ReadonlyMap<string, Preset> {
  return new Map(
    [...inputs].flatMap(([name, input]) => {
      const preset = presetOf(input, document.types);
      return preset ? [[name, preset] as const] : [];
    }),
  );
}

export function inputDef(
  context: RemoteContext,
  name: string,
  { type, description, default: value }: RemoteInput,
): InputFieldDef {
  // A default is the remote schema's to fill in: to us the input may be left out.
  const ref = refOf(context, value === null ? type : { ...type, nonNull: false });
  return inputField(name, ref, { kind: 'argument' }, { description, takesNull: !type.nonNull });
}

/** A type of the remote schema under the name that clients know, defined. */
export function refOf(context: RemoteContext, type: TypeRef): TypeRef {
  const { schema, types } = context;
  if (type.kind === 'list') return { ...type, of: refOf(context, type.of) };
  const found = schema.document.types.get(type.name);
  const name = schema.names.type(type.name);
  if (found) defineType(context, name, found);
  else types.define(name, () => ({ kind: 'scalar', name, description: null }));
  return { ...type, name };
}

function defineType(context: RemoteContext, name: string, type: RemoteType): void {
  const { types } = context;
  const { description } = type;
  const refer = (each: string): string => {
    const ref = refOf(context, named(each));
    return ref.kind === 'named' ? ref.name : each;
  };
  types.define(name, () => {
    switch (type.kind) {
      case 'scalar':
        return { kind: 'scalar', name, description };
      case 'enum':
        return {
          kind: 'enum',
          name,
          description,
          values: byName(
            [...type.values].map(([value, about]) => ({ name: value, description: about, means: value })),
          ),
        };
      case 'input':
        return {
          kind: 'input',
          name,
          description,
          fields: inputDefs(context, type.fields),
          presets: presetsOf(context.schema, type.fields),
        };
      case 'union':
        return { kind: 'union', name, description, possibleTypes: type.possibleTypes.map(refer) };
      case 'interface':
        return {
          kind: 'interface',
          name,
          description,
          fields: fieldsOf(context, type),
          possibleTypes: type.possibleTypes.map(refer),
        };
      case 'object':
        return {
          kind: 'object',
          name,
          description,
          fields: fieldsOf(context, type),
          interfaces: type.interfaces.map(refer),
        };
    }
  });
}

function fieldsOf(
  context: RemoteContext,
  type: RemoteType & { readonly kind: 'object' | 'interface' },
): ReadonlyMap<string, FieldDef> {
  const { schema, joined } = context;
  const own = [...type.fields].map(([name, field]) => fieldDef(context, type.name, name, field));
  const owner = { kind: 'remoteType', schema: schema.conf.name, type: type.name } as const;
  const others = joined(owner, schema.names.type(type.name), member => type.fields.has(member));
  return byName([...own, ...others]);
}
