/** What a role may do by the database's own privileges, for the mode in which rows are its policies' affair. */
import { type Pool, TRUST_CATALOG_ONLY } from '@peakstone/kernel/pg';
import { always } from '../ir/boolExp.ts';
import type { RoleView } from './permissions.ts';
import { type Model, type TableModel, type TablePermissions, tableKey } from './types.ts';

export interface Privileges {
  readonly tables: ReadonlyMap<string, TablePrivileges>;
  /** Oids of functions that may be called. */
  readonly functions: ReadonlySet<number>;
}

interface TablePrivileges {
  readonly select: ReadonlySet<string>;
  readonly insert: ReadonlySet<string>;
  readonly update: ReadonlySet<string>;
  readonly delete: boolean;
}

const columnsWith = (privilege: string): string => `coalesce((select json_agg(a.attname) from pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and has_column_privilege($1, c.oid, a.attnum, '${privilege}')), '[]')`;

const tablesSql = `select json_build_array(n.nspname, c.relname, ${columnsWith('select')}, ${columnsWith('insert')},
    ${columnsWith('update')}, has_table_privilege($1, c.oid, 'delete'))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
    and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and has_schema_privilege($1, n.oid, 'usage')`;

const functionsSql = `select json_agg(p.oid::bigint) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
    and has_schema_privilege($1, n.oid, 'usage') and has_function_privilege($1, p.oid, 'execute')`;

/** Those of a role; null: of the role that has logged in. @throws {PgError} 42704 for a role that is not there */
export async function readPrivileges(pool: Pool, role: string | null): Promise<Privileges> {
  const values = role === null ? [] : [role];
  const own = (text: string): string => (role === null ? text.replaceAll('$1', 'current_user') : text);
  const [, tables, functions] = await pool.exchange({
    begin: 'begin read only',
    statements: [
      TRUST_CATALOG_ONLY,
      { text: own(tablesSql), values, prepare: false },
      { text: own(functionsSql), values, prepare: false },
    ],
  });
  const found = new Map<string, TablePrivileges>();
  for (const [cell] of tables!.rows) {
    const [schema, name, select, insert, update, mayDelete] = JSON.parse(cell!.toString()) as [
      string,
      string,
      string[],
      string[],
      string[],
      boolean,
    ];
    found.set(tableKey({ schema, name }), {
      select: new Set(select),
      insert: new Set(insert),
      update: new Set(update),
      delete: mayDelete,
    });
  }
  return {
    tables: found,
    functions: new Set(JSON.parse(functions!.rows[0]?.[0]?.toString() ?? '[]') as number[]),
  };
}

/** The view of a role whose rows the database decides over. `bySource` has its privileges in each. */
export function createPrivilegeView(role: string, bySource: ReadonlyMap<string, Privileges>): RoleView {
  const known = new Map<TableModel, TablePermissions>();
  return {
    role,
    permissions(table) {
      let found = known.get(table);
      if (!found) {
        found = permissionsOf(table, bySource.get(table.source)?.tables.get(tableKey(table.name)));
        known.set(table, found);
      }
      return found;
    },
    mayCall: fn => bySource.get(fn.source)?.functions.has(fn.facts.oid) ?? false,
  };
}

function permissionsOf(
  { table, computedFields, columns, native }: TableModel,
  privileges: TablePrivileges | undefined,
): TablePermissions {
  // A native query is run as the role, and so sees what the role may see.
  if (native) return readAll(columns.keys());
  if (!privileges) return { select: null, insert: null, update: null, delete: null };
  const { select, insert, update } = privileges;
  const presets = new Map();
  return {
    select: select.size === 0 ? null : readAll(select, computedFields.keys()).select,
    insert:
      table.insertable && insert.size > 0
        ? { columns: insert, check: always, presets, backendOnly: false }
        : null,
    update:
      table.updatable && update.size > 0
        ? { columns: update, filter: always, check: null, presets, backendOnly: false }
        : null,
    delete: table.deletable && privileges.delete ? { filter: always, backendOnly: false } : null,
  };
}

function readAll(columns: Iterable<string>, computedFields: Iterable<string> = []): TablePermissions {
  return {
    select: {
      columns: new Map([...columns].map(name => [name, null] as const)),
      computedFields: new Map([...computedFields].map(name => [name, null] as const)),
      filter: always,
      limit: null,
      aggregations: true,
      queryRoots: null,
      subscriptionRoots: null,
    },
    insert: null,
    update: null,
    delete: null,
  };
}

/** Reads them in every source of a model. */
export async function readAllPrivileges(
  model: Model,
  role: string | null,
  pool: (source: string) => Pool,
): Promise<ReadonlyMap<string, Privileges>> {
  return new Map(
    await Promise.all(
      [...model.sources.keys()].map(async name => [name, await readPrivileges(pool(name), role)] as const),
    ),
  );
}
