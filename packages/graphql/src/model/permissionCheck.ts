/** Permissions of the metadata that cannot be served: those that name what there is not, and those that roles cannot inherit. */
import type {
  DeletePermission,
  InsertPermission,
  Permission,
  SelectPermission,
  UpdatePermission,
} from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import {
  inheritsConflict,
  readDeletePermission,
  readInsertPermission,
  readSelectPermission,
  readUpdatePermission,
} from './permissions.ts';
import { type Inconsistency, type Model, type SourceModel, showTable, type TableModel } from './types.ts';

type Kind = 'select' | 'insert' | 'update' | 'delete';

/** In the order in which they are told. */
const kinds = ['select', 'insert', 'update', 'delete'] as const;

const readers: Readonly<
  Record<Kind, (definition: never, table: TableModel, source: SourceModel) => unknown>
> = {
  select: readSelectPermission,
  insert: readInsertPermission,
  update: readUpdatePermission,
  delete: readDeletePermission,
};

export function checkPermissions(source: SourceModel, inconsistencies: Inconsistency[]): void {
  for (const table of source.tables.values()) {
    if (table.native) continue;
    for (const kind of kinds) {
      for (const permission of table.metadata[`${kind}_permissions`] ?? []) {
        const reason = whyNot(kind, permission, table, source);
        if (reason !== null) inconsistencies.push(inconsistency(kind, permission, table, reason));
      }
    }
  }
}

function whyNot(
  kind: Kind,
  { role, permission }: Permission<unknown>,
  table: TableModel,
  source: SourceModel,
): string | null {
  if (role === 'admin') return 'cannot define permission for admin role';
  try {
    readers[kind](permission as never, table, source);
    return null;
  } catch (error) {
    if (error instanceof HasuraError) return error.message;
    throw error;
  }
}

function inconsistency(
  kind: Kind,
  { role, permission, comment }: Permission<unknown>,
  table: TableModel,
  reason: string,
): Inconsistency {
  return {
    type: `${kind}_permission`,
    name: `${kind}_permission ${role} in table ${showTable(table.name)} in source ${table.source}`,
    reason: `Inconsistent object: in table "${showTable(table.name)}": in permission for role "${role}": ${reason}`,
    definition: {
      role,
      source: table.source,
      comment: comment ?? null,
      permission: wholePermission(kind, permission),
      table: table.name,
    },
    object: { kind: 'permission', source: table.source, table: table.name, role, permission: kind },
  };
}

/** With the defaults that the reference shows. */
function wholePermission(kind: Kind, permission: unknown): unknown {
  switch (kind) {
    case 'select': {
      const given = permission as SelectPermission;
      return {
        ...given,
        allow_aggregations: given.allow_aggregations ?? false,
        computed_fields: given.computed_fields ?? [],
      };
    }
    case 'insert':
    case 'update':
    case 'delete': {
      const given = permission as InsertPermission | UpdatePermission | DeletePermission;
      return { ...given, backend_only: given.backend_only ?? false };
    }
  }
}

/** Inherited roles whose parents' permissions to write contradict one another. */
export function checkInheritance(model: Model, inconsistencies: Inconsistency[]): void {
  for (const role of model.inheritedRoles.keys()) {
    for (const source of model.sources.values()) {
      for (const table of source.tables.values()) {
        for (const kind of ['insert', 'update', 'delete'] as const) {
          if (!inheritsConflict(model, source, table, role, kind)) continue;
          const shown = showTable(table.name);
          inconsistencies.push({
            type: 'inherited role permission inconsistency',
            name: role,
            reason: `Could not inherit permission for the role '${role}' for the entity: '${kind} permission, table: ${shown}, source: '${source.name}''`,
            entity: { permission_type: kind, source: source.name, table: shown },
            object: null,
          });
        }
      }
    }
  }
}
