/**
 * Metadata and catalogs become the model; what cannot be served is left out and told as an inconsistency. Pure.
 */
import { key } from '@peakstone/kernel/catalog';
import type { SourceCatalog } from '../catalog/load.ts';
import type { Metadata, NamingConvention, Source } from '../definition/metadata.ts';
import { qualify } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import type { RemoteResult } from '../remote/types.ts';
import { buildActions } from './actions.ts';
import { trackAll } from './autoTrack.ts';
import { buildEndpoints } from './endpoints.ts';
import { checkEventTriggers } from './eventTriggers.ts';
import { withoutConflicts } from './fieldConflicts.ts';
import { buildFunction } from './function.ts';
import { createNaming } from './naming.ts';
import { buildNativeQuery } from './nativeQuery.ts';
import { checkInheritance, checkPermissions } from './permissionCheck.ts';
import { resolveRelationships } from './relationship.ts';
import { checkRemoteInheritance } from './remotePermissions.ts';
import { buildJoins } from './remoteRelationships.ts';
import { buildRemoteSchemas } from './remoteSchemas.ts';
import { buildTable } from './table.ts';
import { resolveComputedFields } from './tableFunctions.ts';
import {
  type FunctionModel,
  type Inconsistency,
  type Model,
  type SourceModel,
  showTable,
  type TableModel,
  tableKey,
} from './types.ts';
import { Untracked } from './untracked.ts';

export interface BuildOptions {
  readonly defaultNamingConvention: NamingConvention;
  /** Everything in the database is served, tracked or not. */
  readonly tracksAll: boolean;
  /** Of these schemas alone; null for every one. */
  readonly schemas: readonly string[] | null;
}

/** A catalog, or why there is none. */
export type CatalogResult =
  | SourceCatalog
  /** `message`: what the connection said. */
  | { readonly failure: string; readonly message?: string };

export function buildModel(
  metadata: Metadata,
  catalogs: ReadonlyMap<string, CatalogResult>,
  options: BuildOptions,
  remotes: ReadonlyMap<string, RemoteResult> = new Map(),
): Model {
  const inconsistencies: Inconsistency[] = [];
  const sources = new Map<string, SourceModel>();
  for (const source of metadata.sources) {
    const catalog = catalogs.get(source.name);
    if (!catalog || 'failure' in catalog) {
      inconsistencies.push({
        type: 'source',
        name: `source ${source.name}`,
        reason: `Inconsistent object: ${catalog?.failure ?? 'not connected'}`,
        definition: source.name,
        ...(catalog?.message !== undefined && { message: catalog.message }),
        object: { kind: 'source', source: source.name },
      });
      continue;
    }
    const served = options.tracksAll ? trackAll(source, catalog, options.schemas) : source;
    sources.set(source.name, buildSource(served, catalog, options, inconsistencies));
  }
  const remoteSchemas = buildRemoteSchemas(metadata, remotes, inconsistencies);
  const model: Model = {
    metadata,
    sources,
    ...buildActions(metadata, sources, inconsistencies),
    endpoints: buildEndpoints(metadata, inconsistencies),
    remoteSchemas,
    joins: buildJoins({ sources, remoteSchemas }, inconsistencies),
    inheritedRoles: new Map((metadata.inherited_roles ?? []).map(role => [role.role_name, role.role_set])),
    inconsistencies,
  };
  checkInheritance(model, inconsistencies);
  checkRemoteInheritance(model, inconsistencies);
  return model;
}

function buildSource(
  source: Source,
  catalog: SourceCatalog,
  { defaultNamingConvention }: BuildOptions,
  inconsistencies: Inconsistency[],
): SourceModel {
  const naming = createNaming(source.customization, defaultNamingConvention);
  const bare = new Map<string, TableModel>();
  for (const table of source.tables) {
    const name = qualify(table.table);
    try {
      bare.set(tableKey(name), buildTable(table, source.name, catalog, naming));
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'table',
        name: `table ${showTable(name)} in source ${source.name}`,
        reason: `Inconsistent object: ${error.message}`,
        definition: name,
        object: { kind: 'table', source: source.name, table: name },
      });
    }
  }
  for (const query of source.native_queries ?? []) {
    try {
      const table = buildNativeQuery(query, source);
      bare.set(tableKey(table.name), table);
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      const name = query.root_field_name;
      inconsistencies.push({
        type: 'native_query',
        name: `native_query ${name} in source ${source.name}`,
        reason: `Inconsistent object: ${error.message}`,
        definition: query,
        object: { kind: 'nativeQuery', source: source.name, name },
      });
    }
  }
  const tables = new Map<string, TableModel>();
  for (const [id, table] of bare) {
    const fields = {
      relationships: resolveRelationships(table, bare, catalog, inconsistencies),
      computedFields: resolveComputedFields(table, bare, catalog, inconsistencies),
    };
    tables.set(id, {
      ...table,
      columns: withEnums(table, bare, catalog),
      ...withoutConflicts(table, fields, inconsistencies),
    });
  }
  for (const table of tables.values()) checkEventTriggers(table, inconsistencies);
  const functions: FunctionModel[] = [];
  for (const metadata of source.functions ?? []) {
    const name = qualify(metadata.function);
    try {
      functions.push(buildFunction(metadata, source.name, tables, catalog));
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'function',
        name: `function ${showTable(name)} in source ${source.name}`,
        reason: `Inconsistent object: ${error instanceof Untracked ? '' : `in function "${showTable(name)}": `}${error.message}`,
        definition: name,
        object: { kind: 'function', source: source.name, function: name },
      });
    }
  }
  const model: SourceModel = {
    name: source.name,
    metadata: source,
    naming,
    tables,
    functions,
    sessionAware: catalog.sessionAware,
  };
  checkPermissions(model, inconsistencies);
  return model;
}

/** Columns that refer to an enum table by a foreign key of one column take its values. */
function withEnums(
  table: TableModel,
  tables: ReadonlyMap<string, TableModel>,
  catalog: SourceCatalog,
): TableModel['columns'] {
  const references = new Map<string, TableModel>();
  for (const { columns, target } of catalog.tables.get(key(table.name.schema, table.name.name))
    ?.foreignKeys ?? []) {
    const referred = tables.get(tableKey(target));
    if (referred?.enumValues && columns.length === 1) references.set(columns[0]![0], referred);
  }
  if (references.size === 0) return table.columns;
  return new Map(
    [...table.columns].map(([name, column]) => {
      const referred = references.get(name);
      return [name, referred ? { ...column, enumTable: referred.name } : column];
    }),
  );
}
