/**
 * What a role may do with each table: by the metadata's permissions, by those of the roles that it inherits, and all of it
 * for the administrator.
 */
import { adminRole } from '../auth/types.ts';
import type {
  Columns,
  DeletePermission,
  InsertPermission,
  JsonObject,
  Permission,
  SelectPermission,
  UpdatePermission,
} from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { allOf, always, anyOf, type BoolExp } from '../ir/boolExp.ts';
import type { Value } from '../ir/value.ts';
import { readBoolExp, readValue } from './boolExpJson.ts';
import {
  type DeletePermissions,
  type FunctionModel,
  type InsertPermissions,
  type Model,
  type SelectPermissions,
  type SourceModel,
  showTable,
  type TableModel,
  type TablePermissions,
  tableKey,
  type UpdatePermissions,
} from './types.ts';

/** A role's view of the model. */
export interface RoleView {
  readonly role: string;
  permissions(table: TableModel): TablePermissions;
  mayCall(fn: FunctionModel): boolean;
}

const nothing: TablePermissions = { select: null, insert: null, update: null, delete: null };

export interface RoleViewOptions {
  /** Functions that read are open to whoever may read their table. */
  readonly inferFunctionPermissions: boolean;
}

/** The view of a role by the metadata's permissions. */
export function createRoleView(model: Model, role: string, options: RoleViewOptions): RoleView {
  const known = new Map<TableModel, TablePermissions>();
  const permissions = (table: TableModel): TablePermissions => {
    let found = known.get(table);
    if (!found) {
      const source = model.sources.get(table.source);
      found = source ? tablePermissions(model, source, table, role) : nothing;
      known.set(table, found);
    }
    return found;
  };
  const roles = expandRole(model, role);
  return {
    role,
    permissions,
    mayCall(fn) {
      if (role === adminRole) return true;
      const table = model.sources.get(fn.source)?.tables.get(tableKey(fn.returns));
      if (!table || !permissions(table).select) return false;
      const isGranted = (fn.metadata.permissions ?? []).some(permission => roles.includes(permission.role));
      return isGranted || (options.inferFunctionPermissions && fn.exposedAs === 'query');
    },
  };
}

/** The roles whose permissions a role has: itself, or what it inherits, all the way down. */
export function expandRole(
  model: Model,
  role: string,
  seen: ReadonlySet<string> = new Set(),
): readonly string[] {
  const parents = model.inheritedRoles.get(role);
  if (!parents || seen.has(role)) return [role];
  const below = new Set([...seen, role]);
  return [...new Set([role, ...parents.flatMap(parent => expandRole(model, parent, below))])];
}

function tablePermissions(
  model: Model,
  source: SourceModel,
  table: TableModel,
  role: string,
): TablePermissions {
  if (role === adminRole) return adminPermissions(table);
  const own = ownPermissions(source, table, role);
  const parents = model.inheritedRoles.get(role);
  if (!parents) return own;
  const inherited = parents.map(parent => tablePermissions(model, source, table, parent));
  return {
    select: own.select ?? mergeSelects(inherited.flatMap(({ select }) => select ?? [])),
    insert: own.insert ?? theOne(inherited.flatMap(({ insert }) => insert ?? [])),
    update: own.update ?? theOne(inherited.flatMap(({ update }) => update ?? [])),
    delete: own.delete ?? theOne(inherited.flatMap(each => each.delete ?? [])),
  };
}

/** Whether a role would inherit permissions to write that contradict one another, and so has none. Pure. */
export function inheritsConflict(
  model: Model,
  source: SourceModel,
  table: TableModel,
  role: string,
  kind: 'insert' | 'update' | 'delete',
): boolean {
  const parents = model.inheritedRoles.get(role);
  if (!parents || ownPermissions(source, table, role)[kind]) return false;
  const inherited = parents.flatMap(parent => tablePermissions(model, source, table, parent)[kind] ?? []);
  return inherited.length > 1 && theOne<unknown>(inherited) === null;
}

/** Permissions to write are inherited where they do not contradict one another. */
function theOne<T>(permissions: readonly T[]): T | null {
  const [first, ...others] = permissions;
  if (first === undefined) return null;
  const text = fingerprint(first);
  return others.every(other => fingerprint(other) === text) ? first : null;
}

function fingerprint(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each instanceof Map ? [...each] : each instanceof Set ? [...each].sort() : each,
  );
}

/** Rows of any of the roles; a column only in the rows of those that show it. */
function mergeSelects(permissions: readonly SelectPermissions[]): SelectPermissions | null {
  if (permissions.length === 0) return null;
  if (permissions.length === 1) return permissions[0]!;
  const shown = (
    of: (permission: SelectPermissions) => ReadonlyMap<string, BoolExp | null>,
  ): ReadonlyMap<string, BoolExp | null> => {
    const names = new Set(permissions.flatMap(permission => [...of(permission).keys()]));
    return new Map(
      [...names].map(name => {
        const granting = permissions.filter(permission => of(permission).has(name));
        if (
          granting.length === permissions.length &&
          granting.every(permission => of(permission).get(name) === null)
        )
          return [name, null];
        return [
          name,
          anyOf(granting.map(permission => allOf([permission.filter, of(permission).get(name) ?? always]))),
        ];
      }),
    );
  };
  const limits = permissions.map(({ limit }) => limit);
  return {
    columns: shown(({ columns }) => columns),
    computedFields: shown(({ computedFields }) => computedFields),
    filter: anyOf(permissions.map(({ filter }) => filter)),
    limit: limits.some(limit => limit === null) ? null : Math.max(...(limits as number[])),
    aggregations: permissions.some(({ aggregations }) => aggregations),
    queryRoots: joinRoots(permissions.map(({ queryRoots }) => queryRoots)),
    subscriptionRoots: joinRoots(permissions.map(({ subscriptionRoots }) => subscriptionRoots)),
  };
}

function joinRoots(sets: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  if (sets.some(set => set === null)) return null;
  return new Set(sets.flatMap(set => [...set!]));
}

function adminPermissions(table: TableModel): TablePermissions {
  const all = new Map([...table.columns.keys()].map(name => [name, null] as const));
  const columns = new Set(all.keys());
  const presets = new Map<string, Value>();
  return {
    select: {
      columns: all,
      computedFields: new Map([...table.computedFields.keys()].map(name => [name, null] as const)),
      filter: always,
      limit: null,
      aggregations: true,
      queryRoots: null,
      subscriptionRoots: null,
    },
    insert: { columns, check: always, presets, backendOnly: false },
    update: { columns, filter: always, check: null, presets, backendOnly: false },
    delete: { filter: always, backendOnly: false },
  };
}

/** Those that the metadata has for a role itself. What is inconsistent counts as not granted. */
function ownPermissions(source: SourceModel, table: TableModel, role: string): TablePermissions {
  const { metadata } = table;
  return {
    select: readOwn(metadata.select_permissions, role, each => readSelectPermission(each, table, source)),
    insert: readOwn(metadata.insert_permissions, role, each => readInsertPermission(each, table, source)),
    update: readOwn(metadata.update_permissions, role, each => readUpdatePermission(each, table, source)),
    delete: readOwn(metadata.delete_permissions, role, each => readDeletePermission(each, table, source)),
  };
}

function readOwn<Definition, Result>(
  permissions: readonly Permission<Definition>[] | undefined,
  role: string,
  read: (definition: Definition) => Result,
): Result | null {
  const found = permissions?.find(permission => permission.role === role);
  if (!found) return null;
  try {
    return read(found.permission);
  } catch (error) {
    // Told as an inconsistency when the model was built (inconsistentPermissions).
    if (error instanceof HasuraError) return null;
    throw error;
  }
}

/** @throws {HasuraError} */
export function readSelectPermission(
  permission: SelectPermission,
  table: TableModel,
  source: SourceModel,
): SelectPermissions {
  const columns = [...columnsOf(permission.columns, table)];
  for (const [i, name] of (permission.computed_fields ?? []).entries()) {
    const field = table.computedFields.get(name);
    if (!field)
      throw new HasuraError('not-exists', `computed field "${name}" does not exist`, {
        path: ['permission', 'computed_fields', i],
      });
    if (field.returns.kind === 'table')
      throw new HasuraError(
        'not-supported',
        `select permissions on computed field "${name}" are auto-derived from the permissions on its returning table "${showTable(field.returns.table)}" and cannot be specified manually`,
        { path: ['permission', 'computed_fields', i] },
      );
  }
  assertRootFields(permission, columns, table);
  const { limit } = permission;
  if (typeof limit === 'number' && limit < 0)
    throw new HasuraError('not-supported', 'unexpected negative value', { path: ['permission', 'limit'] });
  // Fields that return another table's rows need no grant: that table's permission decides.
  const tables = [...table.computedFields.values()]
    .filter(({ returns }) => returns.kind === 'table')
    .map(({ name }) => name);
  return {
    columns: new Map(columns.map(name => [name, null] as const)),
    computedFields: new Map(
      [...(permission.computed_fields ?? []), ...tables].map(name => [name, null] as const),
    ),
    filter: readBoolExp(permission.filter, table, source, ['permission', 'filter']),
    limit: limit ?? null,
    aggregations: permission.allow_aggregations ?? false,
    queryRoots: permission.query_root_fields ? new Set(permission.query_root_fields) : null,
    subscriptionRoots: permission.subscription_root_fields
      ? new Set(permission.subscription_root_fields)
      : null,
  };
}

/** @throws {HasuraError} for a root field that cannot be there */
function assertRootFields(permission: SelectPermission, columns: readonly string[], table: TableModel): void {
  const listed = [...(permission.query_root_fields ?? []), ...(permission.subscription_root_fields ?? [])];
  const isKeyReadable =
    table.primaryKey.length > 0 && table.primaryKey.every(({ name }) => columns.includes(name));
  if (listed.includes('select_by_pk') && !isKeyReadable)
    throw new HasuraError(
      'validation-failed',
      `The "select_by_pk" field cannot be included in the query_root_fields or subscription_root_fields because the role does not have access to the primary key of the table "${showTable(table.name)}" in the source "${table.source}"`,
      { path: ['permission'] },
    );
  if (listed.includes('select_aggregate') && permission.allow_aggregations !== true)
    throw new HasuraError(
      'validation-failed',
      'The "select_aggregate" root field can only be enabled in the query_root_fields or  the subscription_root_fields when "allow_aggregations" is set to true',
      { path: ['permission'] },
    );
}

/** @throws {HasuraError} */
export function readInsertPermission(
  permission: InsertPermission,
  table: TableModel,
  source: SourceModel,
): InsertPermissions {
  const presets = presetsOf(permission.set, table);
  const columns = new Set(
    permission.columns === undefined ? table.columns.keys() : columnsOf(permission.columns, table),
  );
  for (const name of presets.keys()) columns.delete(name);
  return {
    columns,
    check: readBoolExp(permission.check, table, source, ['permission', 'check']),
    presets,
    backendOnly: permission.backend_only ?? false,
  };
}

/** @throws {HasuraError} */
export function readUpdatePermission(
  permission: UpdatePermission,
  table: TableModel,
  source: SourceModel,
): UpdatePermissions {
  const presets = presetsOf(permission.set, table);
  const columns = new Set(columnsOf(permission.columns, table));
  for (const name of presets.keys()) columns.delete(name);
  return {
    columns,
    filter: readBoolExp(permission.filter, table, source, ['permission', 'filter']),
    check: permission.check ? readBoolExp(permission.check, table, source, ['permission', 'check']) : null,
    presets,
    backendOnly: permission.backend_only ?? false,
  };
}

/** @throws {HasuraError} */
export function readDeletePermission(
  permission: DeletePermission,
  table: TableModel,
  source: SourceModel,
): DeletePermissions {
  return {
    filter: readBoolExp(permission.filter, table, source, ['permission', 'filter']),
    backendOnly: permission.backend_only ?? false,
  };
}

function columnsOf(columns: Columns, table: TableModel): Iterable<string> {
  if (columns === '*') return table.columns.keys();
  for (const [i, name] of columns.entries())
    if (!table.columns.has(name))
      throw new HasuraError(
        'not-exists',
        table.relationships.has(name)
          ? `expecting a database column; but, "${name}" is a relationship`
          : `"${name}" does not exist`,
        {
          path: ['permission', 'columns', i],
        },
      );
  return columns;
}

function presetsOf(set: JsonObject | undefined, table: TableModel): Map<string, Value> {
  const presets = new Map<string, Value>();
  for (const [name, value] of Object.entries(set ?? {})) {
    const column = table.columns.get(name);
    const path = ['permission', 'set', name];
    if (!column) throw new HasuraError('not-exists', `"${name}" does not exist`, { path });
    presets.set(name, readValue(value, column.scalar, path));
  }
  return presets;
}
