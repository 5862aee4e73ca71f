/** Catalogs made by hand, for tests and benches of the pure stages. */
import {
  type Catalog,
  type Column,
  key,
  type Relationship,
  type Routine,
  type RoutineParameter,
  type Table,
} from '@peakstone/kernel/catalog';

export interface CatalogParts {
  /** By name: columns as `name type`, comma-separated; a `!` after the name makes it part of the primary key. */
  readonly tables?: Readonly<Record<string, string>>;
  /** `child.column -> parent.column`, both directions are made. */
  readonly foreignKeys?: readonly string[];
  readonly relationships?: readonly Relationship[];
  readonly routines?: readonly Routine[];
  readonly representations?: Catalog['representations'];
  readonly mediaHandlers?: Catalog['mediaHandlers'];
}

/** Everything lives in the schema `api`. */
export function makeCatalog(parts: CatalogParts): Catalog {
  const tables = new Map<string, Table>();
  for (const [name, columns] of Object.entries(parts.tables ?? {}))
    tables.set(key('api', name), makeTable(name, columns));
  const relationships = new Map<string, Relationship[]>();
  const add = (rel: Relationship): void => {
    const at = key(rel.source.schema, rel.source.name);
    relationships.set(at, [...(relationships.get(at) ?? []), rel]);
  };
  for (const text of parts.foreignKeys ?? []) for (const rel of makeRelationships(text)) add(rel);
  for (const rel of parts.relationships ?? []) add(rel);
  const routines = new Map<string, Routine[]>();
  for (const routine of parts.routines ?? []) {
    const at = key(routine.schema, routine.name);
    routines.set(at, [...(routines.get(at) ?? []), routine]);
  }
  return {
    tables,
    relationships,
    routines,
    representations: parts.representations ?? new Map(),
    mediaHandlers: parts.mediaHandlers ?? [],
    schemas: new Map([['api', null]]),
    serverVersion: 170010,
    loadedInMs: 0,
  };
}

export function makeTable(name: string, columns: string): Table {
  const primaryKey: string[] = [];
  const made = columns.split(',').map((text): [string, Column] => {
    const [first = '', ...type] = text.trim().split(' ');
    const column = first.replace('!', '');
    if (first.endsWith('!')) primaryKey.push(column);
    return [column, makeColumn(column, type.join(' '))];
  });
  return {
    schema: 'api',
    name,
    kind: 'table',
    isPartition: false,
    comment: null,
    insertable: true,
    updatable: true,
    deletable: true,
    primaryKey,
    columns: new Map(made),
  };
}

export function makeColumn(name: string, type: string, more: Partial<Column> = {}): Column {
  return {
    name,
    comment: null,
    nullable: true,
    type,
    nominalType: type,
    typeOid: 0,
    maxLength: null,
    default: null,
    generated: false,
    identity: false,
    enumValues: [],
    isComposite: false,
    isArray: type.endsWith('[]'),
    ...more,
  };
}

function makeRelationships(text: string): Relationship[] {
  const match = /^(\w+)\.(\w+) -> (\w+)\.(\w+)$/.exec(text);
  if (!match) throw new Error(`Not a foreign key: ${text}`);
  const [, child = '', column = '', parent = '', target = ''] = match;
  const base = { sourceIsView: false, targetIsView: false, isSelf: child === parent };
  const constraint = `${child}_${column}_fkey`;
  const of = (name: string) => ({ schema: 'api', name });
  return [
    {
      ...base,
      kind: 'many-to-one',
      source: of(child),
      target: of(parent),
      constraint,
      columns: [[column, target]],
    },
    {
      ...base,
      kind: 'one-to-many',
      source: of(parent),
      target: of(child),
      constraint,
      columns: [[target, column]],
    },
  ];
}

/** A stable function returning text; parameters as `name type`, comma-separated, `?` after the name when optional. */
export function makeRoutine(name: string, parameters: string, changes: Partial<Routine> = {}): Routine {
  const list = parameters === '' ? [] : parameters.split(',');
  return {
    schema: 'api',
    name,
    oid: 1,
    comment: null,
    parameters: list.map((text): RoutineParameter => {
      const [first = '', ...type] = text.trim().split(' ');
      const isUnnamed = type.length === 0;
      return {
        name: isUnnamed ? '' : first.replace('?', ''),
        type: isUnnamed ? first : type.join(' '),
        required: !first.endsWith('?'),
        variadic: false,
      };
    }),
    returns: { setof: false, kind: 'scalar', type: { schema: 'pg_catalog', name: 'text' }, typeText: 'text' },
    volatility: 'stable',
    variadic: false,
    settings: [],
    language: 'sql',
    ...changes,
  };
}
