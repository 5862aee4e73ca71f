import { key } from '@peakstone/kernel/catalog';
import { enumShape } from '../catalog/enums.ts';
import type { SourceCatalog } from '../catalog/load.ts';
import { scalarOf } from '../catalog/scalars.ts';
import { type QualifiedTable, qualify, type TableMetadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { type Identifier, isGraphqlName, type Naming } from './naming.ts';
import { showReasons } from './reasons.ts';
import { type ColumnModel, showTable, type TableModel } from './types.ts';

/** A tracked table, without what needs the others. @throws {HasuraError} that says why it cannot be served */
export function buildTable(
  metadata: TableMetadata,
  source: string,
  catalog: SourceCatalog,
  naming: Naming,
): TableModel {
  const name = qualify(metadata.table);
  const table = catalog.tables.get(key(name.schema, name.name));
  if (!table)
    throw new HasuraError('not-exists', `no such table/view exists in source: "${showTable(name)}"`);
  const columns = new Map<string, ColumnModel>();
  const { custom_column_names: older, column_config: config } = metadata.configuration ?? {};
  for (const column of table.columns.values()) {
    const custom = config?.[column.name]?.custom_name ?? older?.[column.name];
    const graphql = custom ?? naming.field(column.name);
    columns.set(column.name, {
      name: column.name,
      graphql: isGraphqlName(graphql) ? graphql : null,
      scalar: scalarOf(column.type, column.isComposite),
      nullable: column.nullable,
      // A comment that is there and empty says that none is wanted.
      description: (config?.[column.name]?.comment ?? column.comment) || null,
      enumTable: null,
      column,
    });
  }
  const taken = new Map<string, string>();
  for (const { name: column, graphql } of columns.values()) {
    if (graphql === null) continue;
    const other = taken.get(graphql);
    if (other !== undefined)
      throw new HasuraError(
        'already-exists',
        `the following columns have the same custom name: "${graphql}": ${other}, ${column}`,
      );
    taken.set(graphql, column);
  }
  let enumValues: TableModel['enumValues'] = null;
  if (metadata.is_enum) {
    const shape = enumShape(table);
    if (!('value' in shape)) throw enumError(name, shape);
    enumValues = catalog.enums.get(key(name.schema, name.name)) ?? new Map();
    if (enumValues.size === 0) throw enumError(name, ['the table must have at least one row']);
    const wrong = [...enumValues.keys()].filter(value => !isGraphqlName(value));
    if (wrong.length > 0) throw enumError(name, [wrongNames(wrong)]);
  }
  const id = identifierOf(metadata.table, metadata.configuration?.custom_name);
  return {
    source,
    name,
    metadata,
    table,
    id,
    isInGraphql: isGraphqlName(id.text),
    columns,
    primaryKey:
      table.kind === 'table' || table.kind === 'partitioned' || table.kind === 'foreign'
        ? table.primaryKey.flatMap(column => columns.get(column) ?? [])
        : [],
    relationships: new Map(),
    computedFields: new Map(),
    enumValues,
  };
}

function enumError(
  name: { readonly schema: string; readonly name: string },
  reasons: readonly string[],
): HasuraError {
  return new HasuraError(
    'constraint-violation',
    `the table "${showTable(name)}" cannot be used as an enum ${showReasons(reasons)}`,
  );
}

function wrongNames(values: readonly string[]): string {
  const shown = values.map(value => `"${value}"`).sort();
  const last = shown.pop()!;
  if (shown.length === 0) return `the value ${last} is not a valid GraphQL enum value name`;
  const list = shown.length === 1 ? `${shown[0]} and ${last}` : `${shown.join(', ')}, and ${last}`;
  return `the values ${list} are not valid GraphQL enum value names`;
}

/** In GraphQL, names of other schemas than public carry the schema's. */
export function identifierOf(qualified: QualifiedTable, custom: string | null | undefined): Identifier {
  if (custom !== undefined && custom !== null) return { text: custom, isCustom: true };
  const { schema, name } = qualify(qualified);
  return { text: schema === 'public' ? name : `${schema}_${name}`, isCustom: false };
}
