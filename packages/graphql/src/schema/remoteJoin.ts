/**
 * A field of a remote schema, beside what comes from elsewhere: with those of its arguments that the relationship does not
 * give, and of input objects the fields that it does not.
 */
import type { Json, JsonObject } from '../definition/metadata.ts';
import { baseName } from '../ir/typeRef.ts';
import type { JoinModel, RemoteSchemaModel } from '../model/types.ts';
import { presetOf } from '../remote/preset.ts';
import { isTemplateObject } from '../remote/template.ts';
import type { RemoteField, RemoteInput } from '../remote/types.ts';
import { byName } from './inputField.ts';
import { inputDef, presetsOf, type RemoteContext, refOf } from './remote.ts';
import { type FieldDef, type InputFieldDef, named, nullable, type TypeRef } from './types.ts';

type RemoteJoinModel = Extract<JoinModel, { readonly kind: 'remoteSchema' }>;

/** None where a part of the way is not the role's. @param typeName of what it is beside */
export function remoteJoinFields(
  context: RemoteContext,
  join: RemoteJoinModel,
  typeName: string,
): readonly FieldDef[] {
  const fields = fieldsOnTheWay(context.schema, join);
  const last = fields?.at(-1);
  if (!fields || !last) return [];
  const given = join.steps.at(-1)!.args;
  return [
    {
      name: join.name,
      description: null,
      args: openInputs(context, last.args, given, `_remote_rel_${typeName}${join.name}`),
      // Nothing is there where a member is null.
      type: nullable(refOf(context, last.type)),
      means: {
        kind: 'remoteJoin',
        schema: context.schema,
        members: join.members,
        steps: join.steps.map(({ field, args }, i) => ({
          field,
          template: args,
          inputs: fields[i]!.args,
          presets: presetsOf(context.schema, fields[i]!.args),
        })),
      },
    },
  ];
}

function fieldsOnTheWay(
  { document }: RemoteSchemaModel,
  { steps }: RemoteJoinModel,
): readonly RemoteField[] | null {
  const fields: RemoteField[] = [];
  let typeName = document.query;
  for (const { field, args } of steps) {
    const type = document.types.get(typeName);
    const found = type?.kind === 'object' ? type.fields.get(field) : undefined;
    if (!found || Object.keys(args).some(name => !found.args.has(name))) return null;
    fields.push(found);
    typeName = baseName(found.type);
  }
  return fields;
}

/** Inputs that are not given, and what is left open of those that are given in part. */
function openInputs(
  context: RemoteContext,
  inputs: ReadonlyMap<string, RemoteInput>,
  given: JsonObject,
  suffix: string,
): ReadonlyMap<string, InputFieldDef> {
  const { types } = context.schema.document;
  const open = [...inputs].flatMap(([name, input]): InputFieldDef[] => {
    if (presetOf(input, types)) return [];
    const template = given[name];
    if (template === undefined) return [inputDef(context, name, input)];
    const ref = openType(context, input.type, template, suffix);
    return ref === null ? [] : [{ ...inputDef(context, name, input), type: nullable(ref) }];
  });
  return byName(open);
}

/** The part of an input object that is left open; null where there is none. */
function openType(context: RemoteContext, type: TypeRef, template: Json, suffix: string): TypeRef | null {
  const found = type.kind === 'named' ? context.schema.document.types.get(type.name) : undefined;
  if (found?.kind !== 'input' || !isTemplateObject(template)) return null;
  const fields = openInputs(context, found.fields, template, suffix);
  if (fields.size === 0) return null;
  const name = `${context.schema.names.type(found.name)}${suffix}`;
  context.types.define(name, () => ({
    kind: 'input',
    name,
    description: found.description,
    fields,
    presets: presetsOf(context.schema, found.fields),
  }));
  return named(name);
}
