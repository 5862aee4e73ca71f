/** Relationships: which columns join which table, from foreign keys or as they were written down. */
import { key, type TableForeignKey } from '@peakstone/kernel/catalog';
import type { SourceCatalog } from '../catalog/load.ts';
import { schemaOfBoth } from '../catalog/operators.ts';
import {
  type ArrayRelationship,
  type ForeignKeyOn,
  type ManualRelationship,
  type ObjectRelationship,
  qualify,
} from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import type { Join, Mapping, TableName } from '../ir/boolExp.ts';
import { nativeName } from './nativeQuery.ts';
import { type Inconsistency, type RelationshipModel, showTable, type TableModel, tableKey } from './types.ts';
import { Untracked } from './untracked.ts';

export function resolveRelationships(
  table: TableModel,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
  inconsistencies: Inconsistency[],
): ReadonlyMap<string, RelationshipModel> {
  const relationships = new Map<string, RelationshipModel>();
  const resolve = (kind: 'object' | 'array', metadata: ObjectRelationship | ArrayRelationship): void => {
    try {
      const { join, ...found } = resolveRelationship(kind, metadata, table, tables, catalog);
      const there = tables.get(tableKey(found.target))!;
      relationships.set(metadata.name, { ...found, join: typedJoin(join, table, there) });
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: `${kind}_relation`,
        name: `${kind}_relation ${metadata.name} in table ${showTable(table.name)} in source ${table.source}`,
        reason: `Inconsistent object: ${error instanceof Untracked ? '' : `in table "${showTable(table.name)}": in relationship "${metadata.name}": `}${error.message}`,
        definition: {
          name: metadata.name,
          source: table.source,
          comment: metadata.comment ?? null,
          table: table.name,
          using: metadata.using,
        },
        object: { kind: 'relationship', source: table.source, table: table.name, name: metadata.name },
      });
    }
  };
  for (const each of table.metadata.object_relationships ?? []) resolve('object', each);
  for (const each of table.metadata.array_relationships ?? []) resolve('array', each);
  return relationships;
}

function resolveRelationship(
  kind: 'object' | 'array',
  { name, using, comment }: ObjectRelationship | ArrayRelationship,
  table: TableModel,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
): Omit<RelationshipModel, 'join'> & { readonly join: Mapping } {
  const base = { name, kind, comment: comment ?? null };
  const known = (target: TableName): TableName => {
    if (!tables.has(tableKey(target)))
      throw new Untracked('not-exists', `table "${showTable(target)}" is not tracked`);
    return target;
  };
  if ('manual_configuration' in using) {
    const { target, join, insertionOrder } = readManual(using.manual_configuration);
    known(target);
    const there = tables.get(tableKey(target))!;
    for (const [own, other] of join) {
      if (!table.columns.has(own)) throw new HasuraError('not-exists', `"${own}" does not exist`);
      if (!there.columns.has(other)) throw new HasuraError('not-exists', `"${other}" does not exist`);
    }
    return { ...base, target, join, nullable: true, insertionOrder };
  }
  const on = using.foreign_key_constraint_on;
  if (kind === 'object' && (typeof on === 'string' || isList(on))) {
    const columns = typeof on === 'string' ? [on] : on;
    for (const column of columns)
      if (!table.columns.has(column)) throw new HasuraError('not-exists', `"${column}" does not exist`);
    const foreignKey = foreignKeyOn(table.name, columns, catalog);
    return {
      ...base,
      target: known(foreignKey.target),
      join: foreignKey.columns,
      nullable: columns.some(column => table.columns.get(column)?.nullable ?? true),
      insertionOrder: 'before_parent',
    };
  }
  const remote = on as ForeignKeyOn;
  if (typeof on !== 'object' || isList(on) || remote.table === undefined)
    throw new HasuraError('parse-failed', 'Expecting object { table, columns }.');
  const target = qualify(remote.table);
  if (!tables.has(tableKey(target)))
    throw new HasuraError(
      'not-found',
      `table "${showTable(target)}" does not exist in source: ${table.source}`,
    );
  const given = remote.columns ?? remote.column ?? [];
  const columns = typeof given === 'string' ? [given] : given;
  const foreignKey = foreignKeyOn(target, columns, catalog, table.name);
  return {
    ...base,
    target,
    join: foreignKey.columns.map(([theirs, own]) => [own, theirs] as const),
    nullable: true,
    insertionOrder: 'after_parent',
  };
}

/** With where the equality of each pair is. */
function typedJoin(join: Mapping, here: TableModel, there: TableModel): Join {
  return join.map(([own, other]) => {
    const [mine, theirs] = [here.columns.get(own), there.columns.get(other)];
    return [own, other, mine && theirs ? schemaOfBoth(mine.scalar, theirs.scalar) : null] as const;
  });
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

function readManual({
  remote_table: remote,
  remote_native_query: native,
  column_mapping: mapping,
  insertion_order: order,
}: ManualRelationship): {
  readonly target: TableName;
  readonly join: Mapping;
  readonly insertionOrder: RelationshipModel['insertionOrder'];
} {
  const target = native === undefined ? (remote === undefined ? null : qualify(remote)) : nativeName(native);
  if (!target) throw new HasuraError('parse-failed', 'expecting "remote_table" or "remote_native_query"');
  return { target, join: Object.entries(mapping), insertionOrder: order ?? 'before_parent' };
}

/** The one foreign key of a table on these columns, in any order. @throws {HasuraError} when there is none, or more than one */
function foreignKeyOn(
  table: TableName,
  columns: readonly string[],
  catalog: SourceCatalog,
  target?: TableName,
): TableForeignKey {
  const found = (catalog.tables.get(key(table.schema, table.name))?.foreignKeys ?? []).filter(
    foreignKey =>
      foreignKey.columns.length === columns.length &&
      foreignKey.columns.every(([column]) => columns.includes(column)) &&
      (target === undefined ||
        (foreignKey.target.schema === target.schema && foreignKey.target.name === target.name)),
  );
  const shown = columns.map(column => `"${column}"`).join(', ');
  if (found.length === 0)
    throw new HasuraError('constraint-error', `no foreign constraint exists on the given column(s)`, {
      internal: shown,
    });
  if (found.length > 1)
    throw new HasuraError(
      'constraint-error',
      `more than one foreign key constraint exists on the given column(s)`,
      { internal: shown },
    );
  return found[0]!;
}
