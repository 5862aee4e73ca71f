/**
 * Metadata as if every table, view and function were tracked, for the mode in which the database decides: what the
 * metadata says of them stays. Relationships are called as REST calls them, by the other table. Pure.
 */
import type { TableForeignKey } from '@peakstone/kernel/catalog';
import type { SourceCatalog } from '../catalog/load.ts';
import {
  type ArrayRelationship,
  type FunctionMetadata,
  type ObjectRelationship,
  qualify,
  type Source,
  type TableMetadata,
} from '../definition/metadata.ts';
import type { TableName } from '../ir/boolExp.ts';
import { tableKey } from './types.ts';

/** Schemas that are the server's own. */
const internal: ReadonlySet<string> = new Set(['hdb_catalog', 'hdb_views', 'cron', 'information_schema']);

/** @param schemas those that are served; null for every one. What the metadata tracks elsewhere stays tracked. */
export function trackAll(source: Source, catalog: SourceCatalog, schemas: readonly string[] | null): Source {
  const isServed = (schema: string): boolean =>
    !internal.has(schema) && (schemas === null || schemas.includes(schema));
  const known = new Map(source.tables.map(table => [tableKey(qualify(table.table)), table]));
  const isThere = (table: TableName): boolean => isServed(table.schema) || known.has(tableKey(table));
  const incoming = referencesTo(catalog, isThere);
  const tables: TableMetadata[] = [];
  for (const table of catalog.tables.values()) {
    const name: TableName = { schema: table.schema, name: table.name };
    if (!isThere(name) || table.isPartition) continue;
    const own = known.get(tableKey(name)) ?? { table: name };
    const columns = new Set(table.columns.keys());
    const outgoing = (table.foreignKeys ?? []).filter(({ target }) => isThere(target));
    tables.push(withRelationships(own, columns, outgoing, incoming.get(tableKey(name)) ?? []));
  }
  return {
    ...source,
    tables,
    functions: [...(source.functions ?? []), ...untrackedFunctions(source, catalog, isServed)],
  };
}

interface Incoming {
  readonly from: TableName;
  readonly foreignKey: TableForeignKey;
}

function referencesTo(
  catalog: SourceCatalog,
  isThere: (table: TableName) => boolean,
): ReadonlyMap<string, readonly Incoming[]> {
  const incoming = new Map<string, Incoming[]>();
  for (const table of catalog.tables.values()) {
    if (!isThere(table) || table.isPartition) continue;
    for (const foreignKey of table.foreignKeys ?? []) {
      const id = tableKey(foreignKey.target);
      const list = incoming.get(id) ?? [];
      incoming.set(id, [...list, { from: { schema: table.schema, name: table.name }, foreignKey }]);
    }
  }
  return incoming;
}

function withRelationships(
  own: TableMetadata,
  columns: ReadonlySet<string>,
  outgoing: readonly TableForeignKey[],
  incoming: readonly Incoming[],
): TableMetadata {
  const objects = [...(own.object_relationships ?? [])];
  const arrays = [...(own.array_relationships ?? [])];
  const taken = new Set([...columns, ...objects.map(({ name }) => name), ...arrays.map(({ name }) => name)]);
  /** The plain name, or, where there are several ways or it is taken, the name with the columns'. */
  const nameFor = (table: string, keyColumns: readonly string[], isAmbiguous: boolean): string | null => {
    const plain = isAmbiguous || taken.has(table) ? `${table}_by_${keyColumns.join('_and_')}` : table;
    if (taken.has(plain) || taken.has(`${plain}_aggregate`)) return null;
    taken.add(plain);
    return plain;
  };
  const counts = new Map<string, number>();
  for (const table of [
    ...outgoing.map(({ target }) => target.name),
    ...incoming.map(({ from }) => from.name),
  ])
    counts.set(table, (counts.get(table) ?? 0) + 1);
  for (const { target, columns: pairs } of outgoing) {
    const keyColumns = pairs.map(([column]) => column);
    const name = nameFor(target.name, keyColumns, counts.get(target.name)! > 1);
    if (name !== null)
      objects.push({ name, using: { foreign_key_constraint_on: keyColumns } } satisfies ObjectRelationship);
  }
  for (const { from, foreignKey } of incoming) {
    const keyColumns = foreignKey.columns.map(([column]) => column);
    const name = nameFor(from.name, keyColumns, counts.get(from.name)! > 1);
    if (name !== null)
      arrays.push({
        name,
        using: { foreign_key_constraint_on: { table: from, columns: keyColumns } },
      } satisfies ArrayRelationship);
  }
  return { ...own, object_relationships: objects, array_relationships: arrays };
}

/** Those that return rows of a table, under one name each. */
function untrackedFunctions(
  source: Source,
  catalog: SourceCatalog,
  isServed: (schema: string) => boolean,
): FunctionMetadata[] {
  const known = new Set((source.functions ?? []).map(each => tableKey(qualify(each.function))));
  return [...catalog.functions.values()].flatMap(overloads => {
    const facts = overloads[0]!;
    const isOne =
      overloads.length === 1 &&
      facts.returns.isTable &&
      !facts.isVariadic &&
      isServed(facts.schema) &&
      isServed(facts.returns.schema) &&
      catalog.tables.has(tableKey(facts.returns)) &&
      !known.has(tableKey(facts));
    return isOne ? [{ function: { schema: facts.schema, name: facts.name } }] : [];
  });
}
