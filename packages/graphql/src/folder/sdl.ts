/**
 * Actions and their types as a folder keeps them: what GraphQL's own language can say stands in `actions.graphql`, the rest
 * in `actions.yaml`. Pure.
 */
import {
  type DefinitionNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  print,
  type StringValueNode,
} from 'graphql';
import { compact } from '../definition/edit.ts';
import type { Action, CustomTypes } from '../definition/metadata.ts';
import { FolderError } from './sections.ts';

export interface ActionsAndTypes {
  readonly actions: readonly Action[];
  readonly custom_types: CustomTypes;
}

interface Named {
  readonly name: string;
  readonly description?: unknown;
  readonly [member: string]: unknown;
}

const lists = ['enums', 'input_objects', 'objects', 'scalars'] as const;
type Types = Record<(typeof lists)[number], Named[]>;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
  readonly arguments?: readonly Field[];
}

/** Puts both files together. @throws {FolderError} for an action or type that only the YAML names */
export function joinActions(graphql: string, yaml: unknown): ActionsAndTypes {
  const said = readSdl(graphql);
  const { actions = [], custom_types: types } = (yaml ?? {}) as {
    readonly actions?: readonly (Named & { readonly definition?: object })[] | null;
    readonly custom_types?: Partial<Types> | null;
  };
  for (const { name } of actions ?? [])
    if (!said.actions.some(each => each.name === name))
      throw new FolderError(`The action ${name} of actions.yaml is not in actions.graphql.`);
  return {
    actions: said.actions.map(action => {
      const rest = (actions ?? []).find(each => each.name === action.name);
      const { kind, ...definition } = {
        ...(rest?.definition as object | undefined),
        ...(action.definition as object),
      } as Record<string, unknown>;
      return {
        ...action,
        ...rest,
        definition: { ...(kind ? { kind } : {}), ...definition } as Action['definition'],
      };
    }),
    custom_types: Object.fromEntries(
      lists.map(list => {
        const known = types?.[list] ?? [];
        const missing = known.find(({ name }) => !said.types[list].some(each => each.name === name));
        if (missing)
          throw new FolderError(`The type ${missing.name} of actions.yaml is not in actions.graphql.`);
        return [
          list,
          said.types[list].map(type => ({ ...type, ...known.find(({ name }) => name === type.name) })),
        ];
      }),
    ),
  };
}

function readSdl(graphql: string): { readonly actions: readonly Action[]; readonly types: Types } {
  const actions: Action[] = [];
  const types: Types = { enums: [], input_objects: [], objects: [], scalars: [] };
  for (const node of definitionsOf(graphql)) {
    switch (node.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
        if (isRoot(node.name.value)) actions.push(...(node.fields ?? []).map(each => actionOf(node, each)));
        else types.objects.push({ ...describe(node), fields: (node.fields ?? []).map(fieldOf) });
        break;
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        types.input_objects.push({ ...describe(node), fields: (node.fields ?? []).map(fieldOf) });
        break;
      case Kind.ENUM_TYPE_DEFINITION:
        types.enums.push({ ...describe(node), values: (node.values ?? []).map(enumValueOf) });
        break;
      case Kind.SCALAR_TYPE_DEFINITION:
        types.scalars.push(describe(node));
        break;
      default:
      // Interfaces and unions mean nothing to actions; the reference's CLI leaves them out, too.
    }
  }
  return { actions, types };
}

function definitionsOf(graphql: string): readonly DefinitionNode[] {
  if (graphql.replaceAll(/#.*$/gm, '').trim() === '') return [];
  try {
    return parse(graphql, { noLocation: true }).definitions;
  } catch (error) {
    throw new FolderError(`actions.graphql cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const isRoot = (name: string): boolean => name === 'Query' || name === 'Mutation';

function actionOf(
  { name: root }: ObjectTypeDefinitionNode | ObjectTypeExtensionNode,
  field: FieldDefinitionNode,
): Action {
  return compact({
    name: field.name.value,
    definition: {
      type: root.value.toLowerCase(),
      arguments: (field.arguments ?? []).map(fieldOf),
      output_type: print(field.type),
    } as unknown as Action['definition'],
    comment: field.description?.value,
  }) as Action;
}

function describe(node: {
  readonly name: { readonly value: string };
  readonly description?: StringValueNode;
}) {
  const description = node.description?.value;
  return { name: node.name.value, ...(description !== undefined && { description }) };
}

function fieldOf(node: FieldDefinitionNode | InputValueDefinitionNode): Field {
  const given = node.kind === Kind.FIELD_DEFINITION ? (node.arguments ?? []) : [];
  return {
    ...describe(node),
    type: print(node.type),
    ...(given.length > 0 && { arguments: given.map(fieldOf) }),
  };
}

function enumValueOf(node: NonNullable<EnumTypeDefinitionNode['values']>[number]) {
  const { name, ...rest } = describe(node);
  return { value: name, ...rest };
}

/** Takes them apart again. */
export function splitActions(
  actions: readonly Action[],
  types: CustomTypes,
): { readonly graphql: string; readonly yaml: unknown } {
  const blocks: string[] = [];
  const shown = actions.map(({ name, definition, comment, ...rest }) => {
    const { type, arguments: args, output_type: output, ...others } = definition as Record<string, unknown>;
    const root = type === 'query' ? 'Query' : 'Mutation';
    blocks.push(
      `type ${root} {\n${fieldText({ name, type: String(output), arguments: args as readonly Field[] })}\n}\n`,
    );
    const { kind, ...definitionRest } = others as { readonly kind?: string };
    return compact({ name, definition: { kind: kind ?? '', ...definitionRest }, ...rest, comment });
  });
  const of = (list: (typeof lists)[number]): readonly Named[] => (types[list] ?? []) as readonly Named[];
  for (const type of of('input_objects')) blocks.push(typeText('input', type));
  for (const type of of('objects')) blocks.push(typeText('type', type));
  for (const type of of('scalars')) blocks.push(`${comments(type)}scalar ${type.name}\n`);
  for (const type of of('enums')) {
    const values = (type.values ?? []) as readonly {
      readonly value: string;
      readonly description?: string;
    }[];
    const texts = values.map(each => `${comments(each, '  ')}  ${each.value}`);
    blocks.push(`${comments(type)}enum ${type.name} {\n${texts.join('\n')}\n}\n`);
  }
  const custom = Object.fromEntries(
    lists.map(list => [list, of(list).map(({ fields: _, ...rest }) => rest)]),
  );
  return {
    graphql: blocks.map(block => `${block}\n`).join(''),
    yaml: { actions: shown, custom_types: custom },
  };
}

function typeText(kind: 'input' | 'type', type: Named): string {
  const fields = ((type.fields ?? []) as readonly Field[]).map(fieldText);
  return `${comments(type)}${kind} ${type.name} {\n${fields.join('\n')}\n}\n`;
}

function fieldText(field: Field): string {
  const args = (field.arguments ?? []).map(
    each => `${comments(each, '    ')}    ${each.name}: ${each.type}\n`,
  );
  const list = args.length > 0 ? `(\n${args.join('')}  )` : '';
  return `${comments(field, '  ')}  ${field.name}${list}: ${field.type}`;
}

function comments({ description }: { readonly description?: unknown }, indent = ''): string {
  return typeof description === 'string' && description !== ''
    ? `${indent}${print({ kind: Kind.STRING, value: description, block: true }).replaceAll('\n', `\n${indent}`)}\n`
    : '';
}
