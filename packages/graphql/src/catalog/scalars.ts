/** PostgreSQL's types as the reference names them, in GraphQL and in its messages. */

export interface Scalar {
  /** As the reference's metadata and messages call it: `integer`, `float8`, `timestamptz`. */
  readonly name: string;
  /** The GraphQL scalar: `Int`, `String`, `float8`. */
  readonly graphql: string;
  /** For casts, so that nothing is cut: `character varying`, `"app"."color"`. */
  readonly sql: string;
  readonly kind: ScalarKind;
  /** Of an array: its elements' type. */
  readonly element: Scalar | null;
}

/** How values are read and which operators there are. */
export type ScalarKind =
  | 'integer'
  | 'smallint'
  | 'bigint'
  | 'float'
  | 'numeric'
  | 'money'
  | 'boolean'
  | 'text'
  | 'char'
  | 'json'
  | 'jsonb'
  | 'uuid'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'timetz'
  | 'geometry'
  | 'geography'
  | 'raster'
  | 'ltree'
  | 'lquery'
  | 'ltxtquery'
  | 'citext'
  | 'array'
  | 'composite'
  | 'other';

/** By what `format_type` prints: name, GraphQL name where it is another, kind, SQL name where it is another. */
const known: Readonly<
  Record<string, readonly [name: string, kind: ScalarKind, graphql?: string | undefined, sql?: string]>
> = {
  smallint: ['smallint', 'smallint'],
  integer: ['integer', 'integer', 'Int'],
  bigint: ['bigint', 'bigint'],
  real: ['real', 'float', 'Float'],
  'double precision': ['float8', 'float'],
  numeric: ['numeric', 'numeric'],
  money: ['money', 'money'],
  boolean: ['boolean', 'boolean', 'Boolean'],
  text: ['text', 'text', 'String'],
  'character varying': ['varchar', 'text', 'String'],
  character: ['bpchar', 'char', undefined, 'bpchar'],
  bit: ['bit', 'other', undefined, 'bit varying'],
  'bit varying': ['varbit', 'other'],
  json: ['json', 'json'],
  jsonb: ['jsonb', 'jsonb'],
  uuid: ['uuid', 'uuid'],
  date: ['date', 'date'],
  'timestamp without time zone': ['timestamp', 'timestamp'],
  'timestamp with time zone': ['timestamptz', 'timestamptz'],
  'time without time zone': ['time', 'other'],
  'time with time zone': ['timetz', 'timetz'],
};

/** Types of extensions, by their bare name in whatever schema they were made. */
const extensions: Readonly<Record<string, ScalarKind>> = {
  citext: 'citext',
  geometry: 'geometry',
  geography: 'geography',
  raster: 'raster',
  ltree: 'ltree',
  lquery: 'lquery',
  ltxtquery: 'ltxtquery',
};

/** GraphQL's names of all types that are known without a database. */
export const graphqlScalarNames: readonly string[] = [
  ...Object.values(known).map(([name, , graphql]) => graphql ?? name),
  ...Object.keys(extensions),
];

const scalars = new Map<string, Scalar>();

/**
 * The scalar of a type as `format_type` prints it on an empty search path. Pure.
 * @example scalarOf('integer').graphql // Int
 * @example scalarOf('public.color[]').element?.name // color
 */
export function scalarOf(type: string, isComposite = false): Scalar {
  const id = isComposite ? `${type} composite` : type;
  let scalar = scalars.get(id);
  if (!scalar) {
    scalar = readScalar(type, isComposite);
    // As many as there are types in the databases served; a bound all the same.
    if (scalars.size > 10_000) scalars.clear();
    scalars.set(id, scalar);
  }
  return scalar;
}

function readScalar(type: string, isComposite: boolean): Scalar {
  if (type.endsWith('[]')) {
    const element = scalarOf(type.slice(0, -2));
    return {
      name: `${element.name}[]`,
      graphql: `_${element.name}`,
      sql: `${element.sql}[]`,
      kind: 'array',
      element,
    };
  }
  const found = known[type];
  if (found) {
    const [name, kind, graphql = name, sql = type] = found;
    return { name, graphql, sql, kind, element: null };
  }
  const name = bareName(type);
  return {
    name,
    graphql: isComposite ? `${name}_scalar` : name,
    sql: type,
    kind: isComposite ? 'composite' : (extensions[name] ?? 'other'),
    element: null,
  };
}

/** The last part of a qualified name, without quotes. */
function bareName(type: string): string {
  const match = /(?:"((?:[^"]|"")*)"|([^".]+))$/.exec(type);
  return match ? (match[1]?.replaceAll('""', '"') ?? match[2]!) : type;
}
