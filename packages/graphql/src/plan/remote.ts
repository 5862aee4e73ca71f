/** Fields of a remote schema as the text that it is asked with, under its own names. Pure. */
import type { RemoteSchemaModel } from '../model/types.ts';
import { inputText } from '../resolve/inputText.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';

/** A root field that a remote schema answers. */
export interface PlannedRemote {
  readonly kind: 'remote';
  readonly schema: RemoteSchemaModel;
  readonly alias: string;
  readonly query: string;
  readonly operationName: string | null;
  /** Where names of types stand in the answer: they are given the names that clients know. Null where all are the same. */
  readonly typenames: TypenamePlaces | null;
}

export interface TypenamePlaces {
  readonly aliases: ReadonlySet<string>;
  readonly below: ReadonlyMap<string, TypenamePlaces>;
}

export function planRemote(
  field: ResolvedField,
  schema: RemoteSchemaModel,
  operation: 'query' | 'mutation',
  operationName: string | null,
): PlannedRemote {
  const original = field.def.means.kind === 'remote' ? field.def.means.field : field.def.name;
  const query = `${operation} ${operationName ?? ''} { ${fieldText(field, original, schema)} } `;
  const isRenamed = schema.conf.definition.customization?.type_names != null;
  return {
    kind: 'remote',
    schema,
    alias: field.alias,
    query,
    operationName,
    typenames: isRenamed ? placesOf(field.selection) : null,
  };
}

function fieldText(
  { alias, args, selection }: ResolvedField,
  original: string,
  schema: RemoteSchemaModel,
): string {
  const shown = alias === original ? original : `${alias}: ${original}`;
  const given = Object.entries(args).map(([name, value]) => `${name}: ${inputText(value)}`);
  return `${shown}${given.length > 0 ? `(${given.join(', ')})` : ''}${selectionText(selection, schema)}`;
}

function selectionText(selection: ResolvedSelection | null, schema: RemoteSchemaModel): string {
  if (selection === null) return '';
  if (selection.kind === 'object') return ` { ${fieldsText(selection.fields, schema)} } `;
  const parts = [...selection.possible].flatMap(([type, fields]) =>
    fields.length > 0 ? [`... on ${originalType(type, schema)} { ${fieldsText(fields, schema)} } `] : [],
  );
  return ` { ${parts.length > 0 ? parts.join(' ') : '__typename'} } `;
}

function fieldsText(fields: readonly ResolvedField[], schema: RemoteSchemaModel): string {
  return fields
    .map(field => {
      const { means } = field.def;
      if (means.kind === 'typename')
        return field.alias === '__typename' ? '__typename' : `${field.alias}: __typename`;
      return fieldText(field, means.kind === 'remoteField' ? means.field : field.def.name, schema);
    })
    .join(' ');
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
