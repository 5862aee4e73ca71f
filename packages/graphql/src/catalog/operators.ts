/**
 * Where operators and functions of a type are looked for: in the schema of the type, so that none that somebody else has put on
 * the search path is nearer. Statements of administrators, and of everybody where permissions of the metadata decide, run as a
 * login that may do more than those who write the application's schemas.
 */
import type { Scalar } from './scalars.ts';

/** PostgreSQL's own. */
export const builtIn = 'pg_catalog';

/** Types of extensions whose operators stand beside them. */
const beside: ReadonlySet<Scalar['kind']> = new Set([
  'citext',
  'geometry',
  'geography',
  'raster',
  'ltree',
  'lquery',
  'ltxtquery',
]);

/**
 * The schema, quoted where need be; null for a type of the application's (an enum, a domain) or of an extension that is not known:
 * its operators may be anywhere, and the search path decides. Pure.
 * @example schemaOf(scalarOf('extensions.citext')) // extensions
 */
export function schemaOf({ kind, sql, element }: Scalar): string | null {
  if (element) return builtIn;
  const end = schemaEnd(sql);
  if (end < 0) return builtIn;
  return beside.has(kind) ? sql.slice(0, end) : null;
}

/** Of which PostgreSQL itself has `max` and `min`, and sums where they are numbers. */
const aggregated: ReadonlySet<Scalar['kind']> = new Set([
  'integer',
  'smallint',
  'bigint',
  'float',
  'numeric',
  'money',
  'text',
  'char',
  'date',
  'timestamp',
  'timestamptz',
  'timetz',
  'array',
]);

/** An aggregate over a type: those that PostgreSQL lacks, such as `max(uuid)`, are whoever's that has made them. Pure. */
export function aggregateOf(scalar: Scalar, name: string): string {
  const schema = schemaOf(scalar);
  return functionIn(schema === builtIn && !aggregated.has(scalar.kind) ? null : schema, name);
}

/** Of two types, the one that brings its own operators counts. Pure. */
export function schemaOfBoth(one: Scalar, other: Scalar): string | null {
  const [a, b] = [schemaOf(one), schemaOf(other)];
  return a === builtIn ? b : a;
}

/** `operator(pg_catalog.=)`. Pure. */
export function operatorIn(schema: string | null, symbol: string): string {
  return schema === null ? symbol : `operator(${schema}.${symbol})`;
}

/** `pg_catalog.max`. Pure. */
export function functionIn(schema: string | null, name: string): string {
  return schema === null ? name : `${schema}.${name}`;
}

/** Where the schema of a name that `format_type` prints ends; -1 where it has none. */
function schemaEnd(sql: string): number {
  const match = /^(?:"(?:[^"]|"")*"|[^".]+)(?=\.)/.exec(sql);
  return match ? match[0].length : -1;
}
