/** What both document versions say in the same words: types, formats, defaults, comments and keys. */
import { type Catalog, type Column, key, type Table } from '@peakstone/kernel/catalog';
import type { ProxyUri } from '../config/proxyUri.ts';
import type { VisibleSchema } from './visible.ts';

/** What a document is built from. */
export interface DocumentContext {
  readonly visible: VisibleSchema;
  readonly catalog: Catalog;
  readonly server: ProxyUri;
  readonly securityActive: boolean;
  readonly info: { readonly version: string; readonly docsUrl: string };
}

/** A piece of a document. */
export type Json = Record<string, unknown>;

export type JsonType = 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';

/** The JSON type of a PostgreSQL type; undefined for json and jsonb, which hold any. */
export function jsonType(type: string): JsonType | undefined {
  switch (type) {
    case 'boolean':
      return 'boolean';
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'integer';
    case 'numeric':
    case 'real':
    case 'double precision':
      return 'number';
    case 'json':
    case 'jsonb':
      return undefined;
    default:
      return type.endsWith('[]') ? 'array' : 'string';
  }
}

/** The `format` of a PostgreSQL type: its width for integers, else its name. */
export function formatOf(type: string): string {
  switch (type) {
    case 'smallint':
    case 'integer':
      return 'int32';
    case 'bigint':
      return 'int64';
    default:
      return type;
  }
}

/** The type of an array's elements. */
export const elementType = (arrayType: string): string => arrayType.slice(0, -2);

/** A default that is a constant, as JSON; undefined for expressions. */
export function constantDefault(column: Column): unknown {
  if (column.default === null) return undefined;
  const text = jsonType(column.type) === 'string' ? quoted(column.default, column.type) : column.default;
  try {
    return JSON.parse(text);
  } catch {
    // An expression such as nextval(…): the document leaves it out.
    return undefined;
  }
}

/**
 * A default that PostgreSQL shows as a literal, as JSON; undefined for expressions, which are SQL and no value.
 * A text that only looks like one, such as `'a'::text || 'b'::text`, is an expression.
 */
export function literalDefault(column: Column): unknown {
  if (column.default === null) return undefined;
  const [, quotedText, bare] =
    /^(?:'((?:[^']|'')*)'(?:::[\w\s".[\]()]+)?|(-?[\d.]+|true|false))$/.exec(column.default) ?? [];
  const text = quotedText?.replaceAll("''", "'") ?? bare;
  if (text === undefined) return undefined;
  const type = jsonType(column.type);
  if (type === 'string') return text;
  // The text of an array is PostgreSQL's, not JSON's.
  if (type === 'array') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return type === undefined || typeof value === (type === 'integer' ? 'number' : type) ? value : undefined;
  } catch {
    // A number or a truth value in a form that JSON has not, such as 'Infinity'.
    return undefined;
  }
}

function quoted(expression: string, type: string): string {
  const cast = `::${type}`;
  const text = expression.endsWith(cast)
    ? expression.slice(0, -cast.length).replace(/^'+|'+$/g, '')
    : expression;
  return `"${text}"`;
}

/** The column's comment, with notes on keys that tools read. */
export function columnDescription(table: Table, column: Column, catalog: Catalog): string | undefined {
  const notes: string[] = [];
  if (table.primaryKey.includes(column.name)) notes.push('This is a Primary Key.<pk/>');
  const target = foreignTarget(table, column, catalog);
  if (target) {
    const [relation, name] = target;
    notes.push(`This is a Foreign Key to \`${relation}.${name}\`.<fk table='${relation}' column='${name}'/>`);
  }
  if (notes.length === 0) return column.comment ?? undefined;
  const note = `Note:\n${notes.join('\n')}`;
  return column.comment === null ? note : `${column.comment}\n\n${note}`;
}

/** Where the column alone points to; a table rather than a view over it. */
function foreignTarget(
  table: Table,
  column: Column,
  catalog: Catalog,
): readonly [string, string] | undefined {
  let found: readonly [string, string] | undefined;
  for (const rel of catalog.relationships.get(key(table.schema, table.name)) ?? []) {
    const isForeignKey = rel.kind === 'many-to-one' || (rel.kind === 'one-to-one' && !rel.isParent);
    if (!isForeignKey || rel.target.schema !== table.schema || rel.columns.length !== 1) continue;
    const [source, target] = rel.columns[0]!;
    if (source !== column.name) continue;
    if (!rel.targetIsView) return [rel.target.name, target];
    found ??= [rel.target.name, target];
  }
  return found;
}

/** A comment's first line, and the rest after blank lines. */
export function splitComment(comment: string | null): {
  readonly summary?: string;
  readonly description?: string;
} {
  if (comment === null) return {};
  const end = comment.indexOf('\n');
  if (end < 0) return { summary: comment };
  const description = comment.slice(end).replace(/^\n+/, '');
  return { summary: comment.slice(0, end), ...(description === '' ? {} : { description }) };
}

/** Drops members that are undefined, and empty lists and objects where the format omits them. */
export function compact(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && !isEmpty(value)),
  );
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
