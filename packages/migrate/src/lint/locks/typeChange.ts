/** Which changes of a column's type leave the rows as they are. Pure. */
import type { ColumnType } from '../tree.ts';

/** Types whose modifier is a limit that may grow without a look at the rows. */
const LIMITED: ReadonlySet<string> = new Set([
  'varchar',
  'varbit',
  'timestamp',
  'timestamptz',
  'time',
  'timetz',
]);
/** Pairs that PostgreSQL stores alike. */
const ALIKE: ReadonlySet<string> = new Set([
  'varchar>text',
  'text>varchar',
  'citext>text',
  'text>citext',
  'varchar>citext',
  'citext>varchar',
  'cidr>inet',
  'int4>oid',
  'oid>int4',
  'xml>text',
]);
/** Alike while the session's time zone is UTC. */
const ALIKE_IN_UTC: ReadonlySet<string> = new Set(['timestamp>timestamptz', 'timestamptz>timestamp']);

/**
 * Whether the change rewrites the table.
 * @param isUtc the session's TimeZone
 * @example rewritesOnChange(varchar(10), varchar(20), true) // false
 */
export function rewritesOnChange(from: ColumnType, to: ColumnType, isUtc: boolean): boolean {
  if (from.isArray !== to.isArray) return true;
  const pair = `${from.name}>${to.name}`;
  if (from.name !== to.name && !ALIKE.has(pair) && !(isUtc && ALIKE_IN_UTC.has(pair))) return true;
  if (to.modifiers.length === 0) return false;
  if (from.name === to.name && from.modifiers.join() === to.modifiers.join()) return false;
  // From here on the limit counts: none before means that any row may be beyond it now.
  if (from.modifiers.length === 0) return true;
  if (to.name === 'numeric') {
    const [precision = 0, scale = 0] = from.modifiers;
    const [newPrecision = 0, newScale = 0] = to.modifiers;
    return newPrecision < precision || newScale !== scale;
  }
  if (!LIMITED.has(to.name)) return true;
  return (to.modifiers[0] ?? 0) < (from.modifiers[0] ?? 0);
}
