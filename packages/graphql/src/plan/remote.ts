/** Fields of a remote schema as the text that it is asked with, under its own names. Pure. */

import { showType } from '../ir/typeRef.ts';
import { hiddenName, type JoinTree, type TypenamePlaces } from '../joins/types.ts';
import type { RemoteSchemaModel } from '../model/types.ts';
import type { Preset, SessionValue } from '../remote/types.ts';
import { inputText } from '../resolve/inputText.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import { membersJoined } from './membersJoined.ts';

/** A root field that a remote schema answers. */
export interface PlannedRemote {
  readonly kind: 'remote';
  readonly schema: RemoteSchemaModel;
  readonly alias: string;
  readonly query: string;
  readonly operationName: string | null;
  /** Of the session, by the names that the query has for them. */
  readonly sessionValues: ReadonlyMap<string, SessionValue>;
  /** Where names of types stand in the answer: they are given the names that clients know. Null where all are the same. */
  readonly typenames: TypenamePlaces | null;
  readonly joins: JoinTree | null;
}

export function planRemote(
  field: ResolvedField,
  schema: RemoteSchemaModel,
  operation: 'query' | 'mutation',
  operationName: string | null,
  joins: JoinTree | null,
): PlannedRemote {
  const original = field.def.means.kind === 'remote' ? field.def.means.field : field.def.name;
  const values = new SessionValues();
  const text = fieldText(field, original, schema, values);
  const query = `${operation} ${operationName ?? ''}${values.declarations()} { ${text} } `;
  return {
    kind: 'remote',
    schema,
    alias: field.alias,
    query,
    operationName,
    sessionValues: values.byName,
    typenames: renamedPlaces(field.selection, schema),
    joins,
  };
}

/** Null where all types have the names that clients know. */
export function renamedPlaces(
  selection: ResolvedSelection | null,
  schema: RemoteSchemaModel,
): TypenamePlaces | null {
  return schema.conf.definition.customization?.type_names == null ? null : placesOf(selection);
}

function fieldText(
  { alias, args, def, selection }: ResolvedField,
  original: string,
  schema: RemoteSchemaModel,
  values: SessionValues,
): string {
  const shown = alias === original ? original : `${alias}: ${original}`;
  const { means } = def;
  const isRemote = means.kind === 'remote' || means.kind === 'remoteField';
  const given = [
    ...Object.entries(args).map(
      ([name, value]) => `${name}: ${inputText(value, ({ presets }) => values.presets(presets))}`,
    ),
    ...values.presets(isRemote ? means.presets : undefined),
  ];
  return `${shown}${given.length > 0 ? `(${given.join(', ')})` : ''}${selectionText(selection, schema, values)}`;
}

export function selectionText(
  selection: ResolvedSelection | null,
  schema: RemoteSchemaModel,
  values: SessionValues,
): string {
  if (selection === null) return '';
  if (selection.kind === 'object') return ` { ${fieldsText(selection.fields, schema, values)} } `;
  const parts = [...selection.possible].flatMap(([type, fields]) =>
    fields.length > 0
      ? [`... on ${originalType(type, schema)} { ${fieldsText(fields, schema, values)} } `]
      : [],
  );
  return ` { ${parts.length > 0 ? parts.join(' ') : '__typename'} } `;
}

function fieldsText(
  fields: readonly ResolvedField[],
  schema: RemoteSchemaModel,
  values: SessionValues,
): string {
  const texts = fields.map(field => {
    const { alias, def } = field;
    const { means } = def;
    if (means.kind === 'typename') return alias === '__typename' ? '__typename' : `${alias}: __typename`;
    // Keeps the place of what is joined, which is filled in later.
    if (means.kind === 'tableJoin' || means.kind === 'remoteJoin') return `${alias}: __typename`;
    return fieldText(field, means.kind === 'remoteField' ? means.field : def.name, schema, values);
  });
  const hidden = membersJoined(fields).map(member => `${hiddenName(member)}: ${member}`);
  return [...texts, ...hidden].join('  ');
}

/** What presets want of the session are variables of the query: nothing of it is ever read as GraphQL. */
export class SessionValues {
  readonly byName = new Map<string, SessionValue>();
  readonly #names = new Map<string, string>();

  /** As arguments, or fields of an object. */
  presets(presets: ReadonlyMap<string, Preset> = new Map()): readonly string[] {
    return [...presets].map(([name, preset]) => `${name}: ${preset.map(part => this.#text(part)).join('')}`);
  }

  declarations(): string {
    const shown = [...this.byName].map(([name, { type }]) => `$${name}: ${showType(type)}`);
    return shown.length > 0 ? `(${shown.join(', ')})` : '';
  }

  #text(part: Preset[number]): string {
    if (typeof part === 'string') return part;
    const id = `${part.session} ${showType(part.type)}`;
    const name = this.#names.get(id) ?? `session_${this.#names.size + 1}`;
    this.#names.set(id, name);
    this.byName.set(name, part);
    return `$${name}`;
  }
}

function originalType(name: string, { document, names }: RemoteSchemaModel): string {
  return [...document.types.keys()].find(each => names.type(each) === name) ?? name;
}

function placesOf(selection: ResolvedSelection | null): TypenamePlaces | null {
  if (selection === null) return null;
  const fields = selection.kind === 'object' ? selection.fields : [...selection.possible.values()].flat();
  const aliases = new Set(fields.flatMap(({ alias, def }) => (def.means.kind === 'typename' ? [alias] : [])));
  const below = new Map(
    fields.flatMap(({ alias, selection: inner }) => {
      const places = placesOf(inner);
      return places ? [[alias, places] as const] : [];
    }),
  );
  return aliases.size + below.size > 0 ? { aliases, below } : null;
}
