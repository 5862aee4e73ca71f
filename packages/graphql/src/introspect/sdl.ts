/** A role's schema in GraphQL's own language. Pure. */
import type { ResolvedField } from '../resolve/selection.ts';
import {
  type FieldDef,
  type InputFieldDef,
  type NamedType,
  type RoleSchema,
  showType,
} from '../schema/types.ts';
import { type Budget, JsonParts } from './jsonParts.ts';
import { reachableTypes } from './reachable.ts';

const builtin: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);
/** Of the federation itself, which whoever composes it knows. */
const ofFederation: ReadonlySet<string> = new Set(['_Any', '_Entity', '_Service']);

/** Without introspection's types, and those of Apollo Federation. Yields between slices. */
export function* printSchema(schema: RoleSchema): Generator<void, string> {
  const roots = [
    `query: ${schema.query}`,
    ...(schema.mutation === null ? [] : [`mutation: ${schema.mutation}`]),
    ...(schema.subscription === null ? [] : [`subscription: ${schema.subscription}`]),
  ];
  let text = `schema {\n${roots.map(root => `  ${root}\n`).join('')}}`;
  const { types } = yield* reachableTypes(schema);
  for (const type of types.values()) {
    const { name } = type;
    if (name.startsWith('__') || builtin.has(name) || ofFederation.has(name)) continue;
    text += `\n\n${printType(type)}`;
    yield;
  }
  return text;
}

/** `_service`, which asks for it, perhaps under several names. @throws {HasuraError} for too many of them */
export function* writeService(
  { selection, path }: ResolvedField,
  schema: RoleSchema,
  budget: Budget,
): Generator<void, readonly Uint8Array[]> {
  const out = new JsonParts(budget, path);
  const sdl = JSON.stringify(yield* printSchema(schema));
  const members = selection?.kind === 'object' ? selection.fields : [];
  for (const [i, { alias, def }] of members.entries()) {
    out.write(`${i === 0 ? '{' : ','}"${alias}":${def.means.kind === 'sdl' ? sdl : '"_Service"'}`);
    yield;
  }
  out.write(members.length === 0 ? '{}' : '}');
  return out.finish();
}

function printType(type: NamedType): string {
  const head = description(type.description, '');
  switch (type.kind) {
    case 'scalar':
      return `${head}scalar ${type.name}`;
    case 'enum':
      return `${head}enum ${type.name} {\n${[...type.values.values()]
        .map(value => `${description(value.description, '  ')}  ${value.name}\n`)
        .join('')}}`;
    case 'input':
      return `${head}input ${type.name} {\n${[...type.fields.values()]
        .map(field => `${description(field.description, '  ')}  ${printInput(field)}\n`)
        .join('')}}`;
    case 'union':
      return `${head}union ${type.name} = ${type.possibleTypes.join(' | ')}`;
    case 'interface':
      return `${head}interface ${type.name} ${printFields(type.fields)}`;
    case 'object': {
      const interfaces = type.interfaces.length > 0 ? ` implements ${type.interfaces.join(' & ')}` : '';
      const directives = type.directives?.length ? ` ${type.directives.join(' ')}` : '';
      return `${head}type ${type.name}${interfaces}${directives} ${printFields(type.fields)}`;
    }
  }
}

function printFields(fields: ReadonlyMap<string, FieldDef>): string {
  const lines = [...fields.values()]
    .filter(({ means }) => means.kind !== 'service' && means.kind !== 'entities')
    .map(field => {
      const args = [...field.args.values()].map(printInput).join(', ');
      const shown = args === '' ? '' : `(${args})`;
      return `${description(field.description, '  ')}  ${field.name}${shown}: ${showType(field.type)}\n`;
    });
  return `{\n${lines.join('')}}`;
}

function printInput({ name, type, default: value }: InputFieldDef): string {
  return `${name}: ${showType(type)}${value === undefined ? '' : ` = ${value}`}`;
}

function description(text: string | null, indent: string): string {
  return text === null || text === '' ? '' : `${indent}${JSON.stringify(text)}\n`;
}
