/**
 * What a script has done to tables and functions that the metadata knows, told by their identities: renames are followed,
 * what was dropped goes, and what depended on that is an error unless it may go, too.
 */
import {
  type Identity,
  identifyFunctions,
  identifyRelations,
  type RelationIdentity,
} from '../catalog/identities.ts';
import { loadSourceCatalog, type SourceCatalog } from '../catalog/load.ts';
import type { CatalogReader } from '../catalog/reader.ts';
import { sourceIn } from '../definition/edit.ts';
import { qualify, type Source } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import type { TableName } from '../ir/boolExp.ts';
import { type MetadataObject, type SourceModel, showTable, tableKey } from '../model/types.ts';
import { type DropOptions, dependencyError, dependentsOf, dropAll } from './dependents.ts';
import { withoutObject } from './purge.ts';
import { type Renames, withRenames } from './renames.ts';
import type { Staged } from './state.ts';

/** What there was before the script. */
export interface Known {
  readonly relations: readonly RelationIdentity[];
  readonly functions: readonly Identity[];
}

export interface FollowOptions extends DropOptions {
  /** Of tables that are read for their values. */
  readonly runsPolicies: boolean;
  /** What cannot be undone any more leaves what depended on it behind, to be told as inconsistent. */
  readonly keepsDependents: boolean;
}

/** Of a source's metadata: what it tracks, and functions of computed fields. @throws {PgError} */
export async function identifyTracked(reader: CatalogReader, source: Source): Promise<Known> {
  return {
    relations: await identifyRelations(
      reader,
      source.tables.map(({ table }) => qualify(table)),
    ),
    functions: await identifyFunctions(reader, functionsOf(source)),
  };
}

function functionsOf({ tables, functions = [] }: Source): readonly TableName[] {
  return [
    ...functions.map(each => qualify(each.function)),
    ...tables.flatMap(table =>
      (table.computed_fields ?? []).map(({ definition }) => qualify(definition.function)),
    ),
  ];
}

/**
 * Stages what follows from the script for the metadata.
 * @throws {HasuraError} dependency-error, or not-supported for what a function must not become
 */
export async function followSql(
  staged: Staged,
  name: string,
  known: Known,
  reader: CatalogReader,
  { cascade, keepsDependents, runsPolicies }: FollowOptions,
): Promise<void> {
  const before = staged.model;
  const source = sourceIn(staged.metadata, name);
  const enums = source.tables.filter(table => table.is_enum).map(table => qualify(table.table));
  const catalog = await loadSourceCatalog(reader, enums, { runsPolicies });
  const now = await identifyRelations(
    reader,
    known.relations.map(({ oid }) => ({ oid })),
  );
  const model = before.sources.get(name);
  const dropped = droppedObjects(source, known, now, catalog);
  const lost = model ? lostFunctions(model, known, catalog) : [];
  if (!keepsDependents) assertFunctions(model, catalog, new Set(lost.map(object => JSON.stringify(object))));
  const followed = dropped.reduce(withoutObject, staged.metadata);
  staged.take(name, catalog);
  const after = staged.stage(
    model ? withRenames(followed, model, renamesOf(known.relations, now)) : followed,
  );
  const dependents = [...lost, ...dependentsOf(before, after)];
  if (dependents.length === 0) return;
  if (cascade) dropAll(staged, before, dependents);
  else if (!keepsDependents) throw dependencyError(unique(dependents));
}

/** Tables and functions that the metadata names and that are there no more, not even made anew. */
function droppedObjects(
  source: Source,
  known: Known,
  now: readonly RelationIdentity[],
  catalog: SourceCatalog,
): readonly MetadataObject[] {
  const alive = new Set(now.map(({ oid }) => oid));
  const tables = known.relations
    .filter(({ oid, name }) => !alive.has(oid) && !catalog.tables.has(tableKey(name)))
    .map(({ name }): MetadataObject => ({ kind: 'table', source: source.name, table: name }));
  const were = new Set(known.functions.map(({ name }) => tableKey(name)));
  const functions = (source.functions ?? [])
    .map(each => qualify(each.function))
    .filter(name => were.has(tableKey(name)) && !catalog.functions.has(tableKey(name)))
    .map((name): MetadataObject => ({ kind: 'function', source: source.name, function: name }));
  return [...tables, ...functions];
}

/** Computed fields whose function was dropped, though another may have its name by now. */
function lostFunctions(
  { name, tables }: SourceModel,
  known: Known,
  catalog: SourceCatalog,
): readonly MetadataObject[] {
  const were = new Set(known.functions.map(({ oid }) => oid));
  return [...tables.values()].flatMap(table => {
    if (!catalog.tables.has(tableKey(table.name))) return [];
    return [...table.computedFields.values()]
      .filter(({ facts }) => {
        const { oid } = facts;
        return were.has(oid) && !overloadsOf(catalog, facts).some(each => each.oid === oid);
      })
      .map(
        (field): MetadataObject => ({
          kind: 'computedField',
          source: name,
          table: table.name,
          name: field.name,
        }),
      );
  });
}

/** @throws {HasuraError} when a function that is served has become volatile or one of several */
function assertFunctions(
  model: SourceModel | undefined,
  catalog: SourceCatalog,
  lost: ReadonlySet<string>,
): void {
  if (!model) return;
  const overloaded = model.functions.filter(({ facts }) => overloadsOf(catalog, facts).length > 1);
  if (overloaded.length > 0)
    throw refused(
      `the following tracked function(s) cannot be overloaded: ${overloaded.map(({ facts }) => showTable(facts)).join(', ')}`,
    );
  for (const { facts } of model.functions)
    if (becomesVolatile(facts, catalog))
      throw refused(
        `type of function "${showTable(facts)}" is altered to "VOLATILE" which is not supported now`,
      );
  for (const table of model.tables.values())
    for (const { name, facts } of table.computedFields.values()) {
      const object: MetadataObject = { kind: 'computedField', source: model.name, table: table.name, name };
      if (lost.has(JSON.stringify(object))) continue;
      const [of, on] = [`"${showTable(facts)}"`, `of table "${showTable(table.name)}"`];
      if (overloadsOf(catalog, facts).length > 1)
        throw refused(`The function ${of} associated with computed field"${name}" ${on} is being overloaded`);
      if (becomesVolatile(facts, catalog))
        throw refused(
          `The type of function ${of} associated with computed field "${name}" ${on} is being altered to "VOLATILE"`,
        );
    }
}

type Facts = SourceModel['functions'][number]['facts'];

function overloadsOf(catalog: SourceCatalog, name: TableName): readonly Facts[] {
  return catalog.functions.get(tableKey(name)) ?? [];
}

function becomesVolatile(facts: Facts, catalog: SourceCatalog): boolean {
  const now = overloadsOf(catalog, facts).find(({ oid }) => oid === facts.oid);
  return facts.volatility !== 'VOLATILE' && now?.volatility === 'VOLATILE';
}

function refused(message: string): HasuraError {
  return new HasuraError('not-supported', message, { path: ['args'] });
}

function renamesOf(before: readonly RelationIdentity[], now: readonly RelationIdentity[]): Renames {
  const known = new Map(before.map(each => [each.oid, each]));
  const tables = new Map<string, TableName>();
  const columns = new Map<string, ReadonlyMap<string, string>>();
  for (const { oid, name, columns: names } of now) {
    const was = known.get(oid)!;
    const id = tableKey(was.name);
    if (id !== tableKey(name)) tables.set(id, name);
    const renamed = [...was.columns].flatMap(([number, old]): [string, string][] => {
      const current = names.get(number);
      return current === undefined || current === old ? [] : [[old, current]];
    });
    if (renamed.length > 0) columns.set(id, new Map(renamed));
  }
  return { tables, columns };
}

function unique(objects: readonly MetadataObject[]): readonly MetadataObject[] {
  return [...new Map(objects.map(object => [JSON.stringify(object), object])).values()];
}
