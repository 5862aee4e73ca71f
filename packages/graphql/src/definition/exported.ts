/**
 * Metadata as it comes in and as it goes out. Whatever may be left out or written in short comes in (a table's name alone,
 * empty lists, the forms of versions 1 and 2); it goes out as the reference writes it: names whole, lists in order. Pure.
 */
import { HasuraError } from '../errors.ts';
import { compact, defaultSource } from './edit.ts';
import {
  type ArrayRelationship,
  type FunctionMetadata,
  type Metadata,
  type ObjectRelationship,
  type QualifiedTable,
  qualify,
  type Source,
  type TableMetadata,
} from './metadata.ts';
import { wholeName, wholeUsing } from './names.ts';

/** Metadata of version 1 or 2, which knew one database. */
interface WithoutSources extends Omit<Metadata, 'version' | 'sources'> {
  readonly version?: 1 | 2;
  readonly tables?: readonly TableMetadata[];
  readonly functions?: readonly (FunctionMetadata | QualifiedTable)[];
}

/**
 * What `replace_metadata` was given, whole. Older forms keep the database of `current`.
 * @throws {HasuraError} for what is no metadata
 */
export function readMetadata(given: unknown, current: Metadata): Metadata {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw refused('parsing Metadata failed, expected Object');
  const { version = 'sources' in given ? 3 : 1 } = given as { readonly version?: number };
  if (version === 3) return readVersion3(given as Metadata, current);
  if (version !== 1 && version !== 2) throw refused(`expecting version 1, 2 or 3, got ${version}`);
  const { tables = [], functions = [], version: _, ...rest } = given as WithoutSources;
  const source = current.sources.find(({ name }) => name === defaultSource);
  if (!source)
    throw new HasuraError(
      'not-supported',
      'cannot import metadata without sources since no default source is defined',
      { path: ['args'] },
    );
  return readVersion3(
    { ...rest, version: 3, sources: [{ ...source, tables, functions: functions.map(wholeFunction) }] },
    current,
  );
}

function readVersion3(given: Metadata, current: Metadata): Metadata {
  if (!Array.isArray(given.sources)) throw refused('parsing Metadata failed, key "sources" not found');
  // What is kept out of exports is not lost by putting one back.
  const hidden = (current.cron_triggers ?? []).filter(each => each.include_in_metadata === false);
  const shown = given.cron_triggers ?? [];
  return filled({
    ...given,
    version: 3,
    sources: given.sources.map(wholeSource),
    cron_triggers: [...shown, ...hidden.filter(each => !shown.some(({ name }) => name === each.name))],
  });
}

function wholeSource(source: Source, at: number): Source {
  for (const member of ['name', 'configuration'] as const)
    if (source?.[member] === undefined || source[member] === null)
      throw refused(`parsing SourceMetadata failed, key "${member}" not found`, ['sources', at]);
  return filled({
    ...source,
    kind: source.kind ?? 'postgres',
    tables: (source.tables ?? []).map((table, i) => wholeTable(table, ['sources', at, 'tables', i])),
    ...(source.functions && { functions: source.functions.map(wholeFunction) }),
  });
}

function wholeTable(table: TableMetadata, path: readonly (string | number)[]): TableMetadata {
  if (table?.table === undefined || table.table === null)
    throw refused('parsing TableMetadata failed, key "table" not found', path);
  const whole = <R extends ObjectRelationship | ArrayRelationship>(list: readonly R[] | null | undefined) =>
    list?.map(each => ({ ...each, using: wholeUsing(each.using) }));
  return filled(
    compact({
      ...table,
      table: wholeName(table.table),
      object_relationships: whole(table.object_relationships),
      array_relationships: whole(table.array_relationships),
    }) as TableMetadata,
  );
}

function wholeFunction(given: FunctionMetadata | QualifiedTable): FunctionMetadata {
  if (typeof given === 'string' || !('function' in given)) return { function: wholeName(given) };
  return filled({ ...given, function: wholeName(given.function) });
}

/** Lists that stand for themselves even when there is nothing in them. */
const kept: ReadonlySet<string> = new Set(['sources', 'tables']);

/** Without members that are null or empty lists. */
function filled<T extends object>(object: T): T {
  const isEmpty = ([name, value]: [string, unknown]): boolean =>
    value === null || (Array.isArray(value) && value.length === 0 && !kept.has(name));
  return compact(Object.fromEntries(Object.entries(object).filter(each => !isEmpty(each))) as T);
}

function refused(message: string, path: readonly (string | number)[] = []): HasuraError {
  return new HasuraError('parse-failed', message, { path: ['args', ...path] });
}

const ofTable = [
  ['object_relationships', 'name'],
  ['array_relationships', 'name'],
  ['computed_fields', 'name'],
  ['remote_relationships', 'name'],
  ['insert_permissions', 'role'],
  ['select_permissions', 'role'],
  ['update_permissions', 'role'],
  ['delete_permissions', 'role'],
  ['event_triggers', 'name'],
] as const;
const ofSource = [
  ['native_queries', 'root_field_name'],
  ['logical_models', 'name'],
] as const;
const ofMetadata = [
  ['remote_schemas', 'name'],
  ['query_collections', 'name'],
  ['allowlist', 'collection'],
  ['actions', 'name'],
  ['cron_triggers', 'name'],
  ['inherited_roles', 'role_name'],
  ['rest_endpoints', 'name'],
] as const;

/** What `export_metadata` gives. */
export function exportedMetadata(metadata: Metadata): Metadata {
  const cronTriggers = metadata.cron_triggers?.filter(each => each.include_in_metadata !== false);
  const { version, sources, ...rest } = sorted(
    compact({
      ...metadata,
      cron_triggers: cronTriggers && cronTriggers.length > 0 ? cronTriggers : undefined,
    }) as Metadata,
    ofMetadata,
  );
  return { version, sources: [...sources].sort(by(({ name }) => name)).map(exportedSource), ...rest };
}

function exportedSource(source: Source): Source {
  const tables = source.tables
    .map(table => sorted({ ...table, table: wholeName(table.table) }, ofTable))
    .sort(by(({ table }) => nameKey(table)));
  const functions = source.functions && [...source.functions].sort(by(each => nameKey(each.function)));
  return sorted({ ...source, tables, ...(functions && { functions }) }, ofSource);
}

function nameKey(given: QualifiedTable): string {
  const { schema, name } = qualify(given);
  return `${schema}\0${name}`;
}

function sorted<T extends object>(object: T, lists: readonly (readonly [string, string])[]): T {
  const result = { ...object } as Record<string, unknown>;
  for (const [list, name] of lists) {
    const members = result[list];
    if (Array.isArray(members))
      result[list] = [...members].sort(by(each => String((each as Record<string, unknown>)[name])));
  }
  return result as T;
}

/** By code points, as the reference compares, in no language's order. */
function by<T>(keyOf: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}
