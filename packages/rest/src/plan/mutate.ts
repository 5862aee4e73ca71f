/**
 * Planning writes: typed columns, conflict handling, and what must be returned for the response.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert
 */
import { type Catalog, castKey, type Table } from '@peakstone/kernel/catalog';
import { requestErrors, schemaCacheErrors } from '../errors.ts';
import type { Preferences } from '../parse/prefer.ts';
import type { Mutation } from '../parse/target.ts';
import type { QueryParams } from '../parse/types.ts';
import { resolveFilter, resolveLogic, type Scope } from './field.ts';
import { returnedColumns } from './returning.ts';
import { type Condition, type InsertColumn, type MutatePlan, type ReadPlan, unknownField } from './types.ts';

export interface MutateRequest {
  readonly mutation: Mutation;
  readonly query: QueryParams;
  readonly preferences: Preferences;
  /** Names of the payload's columns, sorted. */
  readonly columns: readonly string[];
  /** Under which key of the body each stands, where that is not its name. */
  readonly keys?: ReadonlyMap<string, string> | undefined;
  readonly body: Uint8Array;
}

/**
 * Pure.
 * @throws {RestError} PGRST105 for a PUT that does not name exactly the primary key, PGRST204 for an unknown column.
 */
export function planMutate(
  table: Table,
  request: MutateRequest,
  catalog: Catalog,
  read: ReadPlan,
): MutatePlan {
  const { mutation, query, preferences, body, keys } = request;
  const scope: Scope = { catalog, table };
  const returnsRows = preferences.return === 'representation' || preferences.return === 'headers-only';
  // PostgreSQL's RETURNING refuses a star that stands for nothing.
  const returning = returnsRows && table.columns.size > 0 ? returnedColumns(read, table.primaryKey) : [];
  const appliesDefaults = preferences.missing === 'default';
  const target = { schema: table.schema, name: table.name };
  switch (mutation) {
    case 'insert': {
      const { resolution } = preferences;
      const columns = query.onConflict ?? table.primaryKey;
      return {
        kind: 'insert',
        table: target,
        columns: request.columns.map(name => payloadColumn(scope, table, name, keys?.get(name))),
        body,
        onConflict: resolution ? { resolution, columns } : null,
        where: [],
        isPut: false,
        primaryKey: table.primaryKey,
        appliesDefaults,
        returning,
      };
    }
    case 'upsert': {
      if (!namesExactlyTheKey(query, table.primaryKey)) throw requestErrors.invalidFilters();
      return {
        kind: 'insert',
        table: target,
        columns: request.columns.map(name => payloadColumn(scope, table, name, keys?.get(name))),
        body,
        onConflict: { resolution: 'merge-duplicates', columns: table.primaryKey },
        where: rootConditions(scope, query),
        isPut: true,
        primaryKey: [],
        appliesDefaults: false,
        returning,
      };
    }
    case 'update': {
      const columns = request.columns.map(name => payloadColumn(scope, table, name, keys?.get(name)));
      return {
        kind: 'update',
        table: target,
        columns,
        body,
        where: rootConditions(scope, query),
        appliesDefaults,
        returning,
      };
    }
    case 'delete':
      return { kind: 'delete', table: target, where: rootConditions(scope, query), returning };
  }
}

function namesExactlyTheKey(query: QueryParams, primaryKey: readonly string[]): boolean {
  if (query.logic.length > 0 || primaryKey.length === 0) return false;
  const names = query.filterNames;
  if (names.size !== primaryKey.length || !primaryKey.every(name => names.has(name))) return false;
  return query.filters.every(([path, { expression }]) => {
    const { negated, operation } = expression;
    if (path.length > 0) return true;
    return (
      !negated &&
      operation.kind === 'quantified' &&
      operation.operator === 'eq' &&
      operation.quantifier === null
    );
  });
}

/** Filters and logic trees of the request's own relation. */
function rootConditions(scope: Scope, query: QueryParams): Condition[] {
  const conditions: Condition[] = [];
  for (const [path, filter] of query.filters) {
    if (path.length === 0) conditions.push(resolveFilter(scope, filter));
  }
  // The reference applies logic trees of embeds to the relation written as well; here they stay with their embed.
  for (const [path, tree] of query.logic) {
    if (path.length === 0) conditions.push(resolveLogic(scope, tree));
  }
  return conditions;
}

export function payloadColumn(scope: Scope, table: Table, name: string, bodyKey = name): InsertColumn {
  const column = table.columns.get(name);
  if (!column) throw schemaCacheErrors.columnNotFound(table.name, name);
  const transform = scope.catalog.representations.get(castKey('json', column.nominalType));
  return {
    ...unknownField({ name, path: [] }),
    // With a representation the value is read as json and converted by its function.
    type: transform ? 'json' : column.nominalType,
    transform: transform?.routine ?? null,
    default: column.default,
    key: bodyKey,
  };
}
