import { runPaced } from '../../pace.ts';
import type { Cell, Pool, Result } from '../types.ts';
import { readInteger, readJson, readNullable, readText } from './cells.ts';
import { LazyMap } from './lazyMap.ts';
import { CATALOG_QUERIES, type CatalogOptions, type CatalogQuery, catalogStatements } from './queries.ts';
import { References } from './references.ts';
import { Relations } from './relations.ts';
import {
  type ComputedRow,
  findPrimaryKey,
  findRelationships,
  type RelationshipParts,
} from './relationships.ts';
import {
  decodeComputed,
  decodeComputedFields,
  decodeMediaHandlers,
  decodeRepresentations,
  decodeRoutines,
} from './routines.ts';
import { buildTable, decodeTypeFacts } from './tables.ts';
import { type Attribute, type Catalog, key, type Relationship, type Table } from './types.ts';
import { ViewColumns } from './viewColumns.ts';

/**
 * Reads the whole catalog from one snapshot in one exchange, in slices of a few milliseconds.
 *
 * A relation's columns and relationships are decoded when first looked up, then kept: requests touch few of many
 * relations, so tens of thousands cost neither the time nor the memory of their columns, and no request waits.
 *
 * @throws {PgError} what the server refused, {ConnectionError} and {PoolTimeoutError} as the pool does.
 */
export async function loadCatalog(
  pool: Pick<Pool, 'exchange'>,
  options: CatalogOptions = {},
): Promise<Catalog> {
  const start = performance.now();
  const results = await pool.exchange({
    begin: 'begin isolation level repeatable read read only',
    statements: catalogStatements(options),
  });
  const catalog = await runPaced(buildCatalog(results, options));
  return { ...catalog, loadedInMs: performance.now() - start };
}

/** The catalog from the results of `catalogStatements`, in their order. Yields between small pieces of work. */
function* buildCatalog(
  results: readonly Result[],
  options: CatalogOptions,
): Generator<void, Omit<Catalog, 'loadedInMs'>> {
  const of = (query: CatalogQuery): Result => {
    const result = results[CATALOG_QUERIES.indexOf(query)];
    if (!result) throw new Error(`The catalog query ${query} gave no result`);
    return result;
  };
  const offered = options.schemas && new Set(options.schemas);
  const isOffered = (schema: string) => offered === undefined || offered.has(schema);

  const relations = yield* Relations.decode(of('relations'));
  const references = new References(relations, of('references').rows[0]?.[0]);
  yield;
  const viewColumns = yield* ViewColumns.trace(of('views'), relations, isOffered);
  const computed = groupComputed(decodeComputed(of('computedRelationships')), relations);
  const parts: RelationshipParts = { relations, references, viewColumns, computed, isOffered };
  const types = decodeTypeFacts(of('types'), of('enums'));

  const positions = new Map<string, number>();
  for (let position = 0; position < relations.size; position++) {
    const { schema, name } = relations.name(position);
    if (isOffered(schema)) positions.set(key(schema, name), position);
    if (position % 256 === 0) yield;
  }

  return {
    tables: new LazyMap<Table>(positions, position =>
      buildTable(position, relations, types, findPrimaryKey(position, parts)),
    ),
    relationships: new LazyMap<readonly Relationship[]>(positions, position =>
      findRelationships(position, parts),
    ),
    routines: yield* decodeRoutines(of('routines')),
    representations: decodeRepresentations(of('representations')),
    mediaHandlers: decodeMediaHandlers(of('mediaHandlers')),
    schemas: new Map(of('schemas').rows.map(row => [readText(row[0]), readNullable(row[1])])),
    enums: new Map(
      of('enums').rows.map(row => [key(readText(row[1]), readText(row[2])), readJson<string[]>(row[3], [])]),
    ),
    compositeTypes: new Map(
      of('compositeTypes').rows.map(row => [key(readText(row[0]), readText(row[1])), readAttributes(row[2])]),
    ),
    domains: new Map(
      of('domains').rows.map(row => [key(readText(row[0]), readText(row[1])), readText(row[2])]),
    ),
    computedFields: decodeComputedFields(of('computedFields'), relations),
    serverVersion: readInteger(of('version').rows[0]?.[0]),
  };
}

/** Computed relationships by position of their source. */
function groupComputed(rows: readonly ComputedRow[], relations: Relations): Map<number, ComputedRow[]> {
  const grouped = new Map<number, ComputedRow[]>();
  for (const row of rows) {
    const source = relations.position(row.source);
    if (source === undefined) continue;
    const list = grouped.get(source);
    if (list) list.push(row);
    else grouped.set(source, [row]);
  }
  return grouped;
}

function readAttributes(cell: Cell | undefined): readonly Attribute[] {
  return readJson<[string, string][]>(cell, []).map(([name, type]) => ({ name, type }));
}
