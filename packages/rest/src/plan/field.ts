/** What the catalog knows of a name: its type, and the representation that converts it where it stands. */
import {
  type Catalog,
  type Column,
  castKey,
  key,
  type QualifiedName,
  type Table,
} from '@peakstone/kernel/catalog';
import type { Field, Filter, LogicTree, OpExpr } from '../parse/types.ts';
import { type Condition, type ResolvedField, unknownField } from './types.ts';

/** Where names are resolved: a relation in the catalog. */
export interface Scope {
  readonly catalog: Catalog;
  readonly table: Table | undefined;
}

export function scopeOf(catalog: Catalog, name: QualifiedName): Scope {
  return { catalog, table: catalog.tables.get(key(name.schema, name.name)) };
}

function transformOf(scope: Scope, from: string, to: string): QualifiedName | null {
  if (scope.catalog.representations.size === 0) return null;
  return scope.catalog.representations.get(castKey(from, to))?.routine ?? null;
}

function resolve(scope: Scope, field: Field): ResolvedField {
  const column = scope.table?.columns.get(field.name);
  const type = column?.nominalType ?? '';
  // A json column takes the arrow operators as it is, so that an index on the expression applies.
  return { ...unknownField(field), type, toJson: type !== 'json' && type !== 'jsonb' };
}

/** A field to be shown, `cast` to another type or not: domains with a cast to json go through it. */
export function resolveOutput(scope: Scope, field: Field, cast: string | null = null): ResolvedField {
  const resolved = resolve(scope, field);
  const shown = cast !== null && jsonbCasts.test(cast) ? outOfJsonb(resolved) : resolved;
  return { ...shown, transform: transformOf(scope, resolved.type, 'json') };
}

/** What PostgreSQL casts a value of jsonb to, and a value of json not. */
const jsonbCasts =
  /^(?:smallint|integer|int|bigint|int[248]|decimal|numeric|real|double precision|float[48]?|bool(?:ean)?)$/i;

export function resolveOutputColumn(scope: Scope, column: Column): ResolvedField {
  return resolveOutput(scope, { name: column.name, path: [] });
}

/** Whether showing a whole row of the table needs its columns named. */
export function hasOutputTransform(scope: Scope): boolean {
  if (scope.catalog.representations.size === 0 || !scope.table) return false;
  for (const column of scope.table.columns.values()) {
    if (transformOf(scope, column.nominalType, 'json')) return true;
  }
  return false;
}

/** A field compared with text from the query string: domains with a cast from text get the value through it. */
function resolveFilterField(scope: Scope, field: Field, expression: OpExpr): ResolvedField {
  const resolved = resolve(scope, field);
  const { operation } = expression;
  const column = scope.table?.columns.get(field.name);
  const tsvector =
    operation.kind === 'fts' && column && column.type !== 'tsvector'
      ? { language: operation.language }
      : null;
  const transform = transformOf(scope, 'text', resolved.type);
  return { ...(operation.kind === 'is' ? resolved : outOfJsonb(resolved)), tsvector, transform };
}

/** A field rows are ordered by. */
export function resolveOrderField(scope: Scope, field: Field): ResolvedField {
  return outOfJsonb(resolve(scope, field));
}

/** A value out of json has neither equality nor order nor a cast to a number; its jsonb form has all three. */
function outOfJsonb(field: ResolvedField): ResolvedField {
  const isJsonValue = field.type === 'json' && field.path.at(-1)?.arrow === '->';
  return isJsonValue ? { ...field, toJson: true } : field;
}

export function resolveFilter(scope: Scope, { field, expression }: Filter): Condition {
  const { negated, operation } = expression;
  if (operation.kind === 'column') {
    const { operator, column } = operation;
    return { kind: 'columns', negated, left: resolve(scope, field), operator, right: resolve(scope, column) };
  }
  return { kind: 'filter', field: resolveFilterField(scope, field, expression), expression };
}

export function resolveLogic(scope: Scope, tree: LogicTree): Condition {
  if (tree.kind === 'filter') return resolveFilter(scope, tree.filter);
  const { negated, operator, trees } = tree;
  return { kind: 'logic', negated, operator, conditions: trees.map(each => resolveLogic(scope, each)) };
}
