/** A role's schema in GraphQL's own language. Pure. */
import {
  type FieldDef,
  type InputFieldDef,
  type NamedType,
  type RoleSchema,
  showType,
} from '../schema/types.ts';
import { reachableTypes } from './introspect.ts';

const builtin: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);
/** Of the federation itself, which whoever composes it knows. */
const ofFederation: ReadonlySet<string> = new Set(['_Any', '_Entity', '_Service']);

/** Without introspection's types, and those of Apollo Federation. */
export function printSchema(schema: RoleSchema): string {
  const roots = [
    `query: ${schema.query}`,
    ...(schema.mutation === null ? [] : [`mutation: ${schema.mutation}`]),
    ...(schema.subscription === null ? [] : [`subscription: ${schema.subscription}`]),
  ];
  const types = [...reachableTypes(schema).values()].filter(
    ({ name }) => !name.startsWith('__') && !builtin.has(name) && !ofFederation.has(name),
  );
  return [`schema {\n${roots.map(root => `  ${root}\n`).join('')}}`, ...types.map(printType)].join('\n\n');
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
