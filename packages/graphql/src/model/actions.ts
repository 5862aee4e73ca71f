/** Actions and custom types with their references resolved; what cannot be served is told as an inconsistency. Pure. */

import { graphqlScalarNames } from '../catalog/scalars.ts';
import type {
  ActionConf,
  CustomTypesConf,
  ObjectConf,
  ObjectRelationshipConf,
} from '../definition/actions.ts';
import { type Metadata, qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { baseName, listOf, named, type TypeRef } from '../ir/typeRef.ts';
import { showReasons } from './reasons.ts';
import {
  type ActionModel,
  type CustomObjectModel,
  type CustomTypesModel,
  type Inconsistency,
  type SourceModel,
  showTable,
  tableKey,
} from './types.ts';

export interface ActionsModel {
  readonly actions: ReadonlyMap<string, ActionModel>;
  readonly customTypes: CustomTypesModel;
}

type Sources = ReadonlyMap<string, SourceModel>;

const builtins: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);

export function buildActions(
  metadata: Metadata,
  sources: Sources,
  inconsistencies: Inconsistency[],
): ActionsModel {
  const conf = (metadata.custom_types ?? {}) as unknown as CustomTypesConf;
  const scalars = scalarNames(conf, sources);
  const reasons = wrongTypes(conf, scalars, sources);
  if (reasons.length > 0) {
    inconsistencies.push({
      type: 'custom_types',
      name: 'custom_types custom_types',
      reason: `Inconsistent object: validation for the given custom types failed ${showReasons(reasons)}`,
      definition: wholeTypes(conf),
      object: { kind: 'other', section: 'custom_types', name: '' },
    });
    return { actions: new Map(), customTypes: noTypes };
  }
  const customTypes = typesOf(conf);
  const actions = new Map<string, ActionModel>();
  for (const action of (metadata.actions ?? []) as unknown as readonly ActionConf[]) {
    try {
      actions.set(action.name, actionOf(action, customTypes, scalars));
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'action',
        name: `action ${action.name}`,
        reason: `Inconsistent object: in action "${action.name}"; ${error.message}`,
        definition: wholeAction(action),
        object: { kind: 'other', section: 'actions', name: action.name },
      });
    }
  }
  return { actions, customTypes };
}

export const noTypes: CustomTypesModel = {
  objects: new Map(),
  inputs: new Map(),
  enums: new Map(),
  scalars: new Map(),
};

/** Of GraphQL, of PostgreSQL, and those that are defined. */
function scalarNames({ scalars = [] }: CustomTypesConf, sources: Sources): ReadonlySet<string> {
  const ofColumns = [...sources.values()].flatMap(({ tables }) =>
    [...tables.values()].flatMap(({ columns }) => [...columns.values()].map(({ scalar }) => scalar.graphql)),
  );
  return new Set([...builtins, ...graphqlScalarNames, ...ofColumns, ...scalars.map(({ name }) => name)]);
}

function wrongTypes(conf: CustomTypesConf, scalars: ReadonlySet<string>, sources: Sources): string[] {
  const { objects = [], input_objects: inputs = [], enums = [] } = conf;
  const names = [...objects, ...inputs, ...enums, ...(conf.scalars ?? [])].map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  const inputNames = new Set([
    ...scalars,
    ...inputs.map(({ name }) => name),
    ...enums.map(({ name }) => name),
  ]);
  const outputNames = new Set([
    ...scalars,
    ...objects.map(({ name }) => name),
    ...enums.map(({ name }) => name),
  ]);
  return [
    ...(twice.length > 0 ? [`duplicate type names: ${quoted(twice)}`] : []),
    ...inputs.flatMap(({ name, fields }) => [
      ...duplicates(fields).map(list => `the input object "${name}" has duplicate fields: ${quoted(list)}`),
      ...fields.flatMap(field =>
        inputNames.has(baseOf(field.type))
          ? []
          : [
              `the type "${baseOf(field.type)}" for field "${field.name}" in  input object type "${name}" does not exist`,
            ],
      ),
    ]),
    ...objects.flatMap(object => [
      ...duplicates(object.fields).map(
        list => `the object "${object.name}" has duplicate fields: ${quoted(list)}`,
      ),
      ...object.fields.flatMap(field =>
        outputNames.has(baseOf(field.type))
          ? []
          : [
              `the type "${baseOf(field.type)}" for field "${field.name}" in  object type "${object.name}" does not exist`,
            ],
      ),
      ...(object.relationships ?? []).flatMap(each => wrongRelationship(object, each, sources)),
    ]),
  ];
}

function duplicates(fields: readonly { readonly name: string }[]): readonly string[][] {
  const names = fields.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  return twice.length > 0 ? [twice] : [];
}

const quoted = (names: readonly string[]): string => names.map(name => `"${name}"`).join(', ');

function wrongRelationship(
  { name, fields }: ObjectConf,
  relationship: ObjectRelationshipConf,
  sources: Sources,
): string[] {
  const table = sources
    .get(relationship.source ?? 'default')
    ?.tables.get(tableKey(qualify(relationship.remote_table)));
  if (!table)
    return [
      `the remote table "${showTable(qualify(relationship.remote_table))}" for relationship "${relationship.name}" in object type "${name}" does not exist`,
    ];
  return Object.entries(relationship.field_mapping).flatMap(([field, column]) => {
    if (!fields.some(each => each.name === field))
      return [
        `field name "${field}" for relationship "${relationship.name}" in object type "${name}" does not exist`,
      ];
    if (!table.columns.has(column))
      return [
        `column "${column}" of remote table "${showTable(table.name)}" for relationship "${relationship.name}" of object type "${name}" does not exist`,
      ];
    return [];
  });
}

function typesOf({
  objects = [],
  input_objects: inputs = [],
  enums = [],
  scalars = [],
}: CustomTypesConf): CustomTypesModel {
  return {
    objects: new Map(objects.map(object => [object.name, objectOf(object)])),
    inputs: new Map(
      inputs.map(({ name, description, fields }) => [
        name,
        { description: description ?? null, fields: fieldsOf(fields) },
      ]),
    ),
    enums: new Map(
      enums.map(({ name, description, values }) => [
        name,
        {
          description: description ?? null,
          values: new Map(values.map(each => [each.value, each.description ?? null])),
        },
      ]),
    ),
    scalars: new Map(scalars.map(({ name, description }) => [name, description ?? null])),
  };
}

function fieldsOf(fields: ObjectConf['fields']): CustomObjectModel['fields'] {
  return new Map(
    fields.map(({ name, type, description }) => [
      name,
      { type: parseTypeText(type), description: description ?? null },
    ]),
  );
}

function objectOf({ description, fields, relationships = [] }: ObjectConf): CustomObjectModel {
  return {
    description: description ?? null,
    fields: fieldsOf(fields),
    relationships: relationships.map(each => ({
      name: each.name,
      kind: each.type,
      source: each.source ?? 'default',
      table: qualify(each.remote_table),
      mapping: Object.entries(each.field_mapping),
    })),
  };
}

/** @throws {HasuraError} that says why it cannot be served */
function actionOf(conf: ActionConf, types: CustomTypesModel, scalars: ReadonlySet<string>): ActionModel {
  const { definition } = conf;
  const kind = definition.kind ?? 'synchronous';
  const isInput = (name: string): boolean =>
    scalars.has(name) || types.inputs.has(name) || types.enums.has(name);
  const args = (definition.arguments ?? []).map(({ name, type, description }) => {
    const ref = parseTypeText(type);
    if (!isInput(baseName(ref)))
      throw new HasuraError(
        'invalid-params',
        `the type: "${baseName(ref)}" is not defined in custom types or it is not a scalar/enum/input_object`,
      );
    return { name, type: ref, description: description ?? null };
  });
  const output = parseTypeText(definition.output_type);
  const object = types.objects.get(baseName(output));
  if (!object && !scalars.has(baseName(output)))
    throw new HasuraError(
      'not-exists',
      `the type: "${baseName(output)}" is not an object or scalar type defined in custom types`,
    );
  if (kind === 'asynchronous' && object && object.relationships.length > 0) {
    const nested = [...object.fields].filter(([, { type }]) => types.objects.has(baseName(type)));
    if (nested.length > 0)
      throw new HasuraError(
        'constraint-error',
        `Async action relations cannot be used with object fields: ${quoted(nested.map(([name]) => name))}`,
      );
  }
  return {
    name: conf.name,
    conf,
    kind: definition.type === 'query' ? 'query' : kind === 'asynchronous' ? 'asynchronous' : 'mutation',
    arguments: args,
    output,
  };
}

/** @example parseTypeText('[User!]') // a list of `User!` */
export function parseTypeText(text: string): TypeRef {
  const trimmed = text.trim();
  if (trimmed.endsWith('!')) return { ...parseTypeText(trimmed.slice(0, -1)), nonNull: true };
  if (trimmed.startsWith('[') && trimmed.endsWith(']')) return listOf(parseTypeText(trimmed.slice(1, -1)));
  if (!/^[_A-Za-z][_0-9A-Za-z]*$/.test(trimmed))
    throw new HasuraError('parse-failed', `not a valid GraphQL type: ${JSON.stringify(text)}`);
  return named(trimmed);
}

function baseOf(text: string): string {
  return baseName(parseTypeText(text));
}

/** With whatever may be left out, as the reference shows it. */
function wholeTypes({ input_objects: inputs = [], objects = [], scalars = [], enums = [] }: CustomTypesConf) {
  const field = ({ name, type, description = null }: ObjectConf['fields'][number]) => ({
    name,
    type,
    description,
  });
  return {
    input_objects: inputs.map(({ name, description = null, fields }) => ({
      name,
      description,
      fields: fields.map(field),
    })),
    objects: objects.map(({ name, description = null, fields, relationships = [] }) => ({
      name,
      relationships,
      description,
      fields: fields.map(each => ({ arguments: null, ...field(each) })),
    })),
    scalars,
    enums,
  };
}

function wholeAction({ name, comment = null, definition }: ActionConf) {
  return {
    name,
    comment,
    definition: {
      ...definition,
      arguments: (definition.arguments ?? []).map(each => ({
        name: each.name,
        type: each.type,
        description: each.description ?? null,
      })),
      kind: definition.kind ?? 'synchronous',
      type: definition.type ?? 'mutation',
      headers: definition.headers ?? [],
      forward_client_headers: definition.forward_client_headers ?? false,
      timeout: definition.timeout ?? 30,
    },
  };
}
