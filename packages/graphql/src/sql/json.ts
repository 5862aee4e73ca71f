/** JSON objects whose members keep their order and whole names, however many and long they are. */
import { quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';

export interface Member {
  readonly alias: string;
  readonly sql: string;
}

/** PostgreSQL's names end at 63 bytes, its target lists at 1664 entries, its arguments at 100. */
const maxNameBytes = 63;
const maxColumns = 1600;
const maxPairs = 50;

const append = 'operator(pg_catalog.||)';

/** Whether members can be columns of a row that becomes the object, which is the quicker way. */
export function fitsRow(members: readonly Member[]): boolean {
  return (
    members.length <= maxColumns && members.every(({ alias }) => Buffer.byteLength(alias) <= maxNameBytes)
  );
}

/** A target list. */
export function columnsSql(members: readonly Member[]): string {
  return members.map(({ alias, sql }) => `${sql} as ${quoteIdentifier(alias)}`).join(', ');
}

/** An object of expressions. */
export function objectSql(members: readonly Member[]): string {
  if (members.length <= maxPairs) return pairsSql(members);
  const chunks: string[] = [];
  for (let i = 0; i < members.length; i += maxPairs) chunks.push(pairsSql(members.slice(i, i + maxPairs)));
  // Objects written one behind the other, without the braces between.
  return `(${chunks.map((chunk, i) => `${i === 0 ? "'{'::text" : "', '::text"} ${append} pg_catalog.left(pg_catalog.substr((${chunk})::text, 2), -1)`).join(` ${append} `)} ${append} '}'::text)::json`;
}

function pairsSql(members: readonly Member[]): string {
  return `pg_catalog.json_build_object(${members.map(({ alias, sql }) => `${quoteLiteral(alias)}, ${sql}`).join(', ')})`;
}
