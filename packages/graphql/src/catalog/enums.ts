/** The rows of enum tables, which are values of the schema. @see https://hasura.io/docs/2.0/schema/postgres/enums/ */
import { key, type Table } from '@peakstone/kernel/catalog';
import { type Pool, quoteIdentifier, quoteQualified } from '@peakstone/kernel/pg';

/**
 * Values with their comments, by table. A table that cannot be one (no primary key of one text column, other columns than a
 * comment) is left out: the model says why.
 */
export async function loadEnums(
  pool: Pool,
  tables: readonly Table[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string | null>>> {
  const enums = new Map<string, ReadonlyMap<string, string | null>>();
  for (const table of tables) {
    const shape = enumShape(table);
    if (typeof shape === 'string') continue;
    const comment = shape.comment === null ? 'null' : quoteIdentifier(shape.comment);
    const { rows } = await pool.query(
      `select ${quoteIdentifier(shape.value)}, ${comment} from ${quoteQualified(table.schema, table.name)} order by 1`,
    );
    enums.set(
      key(table.schema, table.name),
      new Map(rows.map(([value, text]) => [value!.toString(), text?.toString() ?? null])),
    );
  }
  return enums;
}

/** Which columns hold value and comment; text says why it can be no enum. Pure. */
export function enumShape(
  table: Table,
): { readonly value: string; readonly comment: string | null } | string {
  const { primaryKey, columns } = table;
  if (primaryKey.length === 0) return 'the table must have a primary key';
  if (primaryKey.length > 1)
    return `the table’s primary key must not span multiple columns (${primaryKey.join(', ')})`;
  const value = primaryKey[0]!;
  if (columns.get(value)?.type !== 'text')
    return `the table’s primary key ("${value}") must have type "text", not type "${columns.get(value)?.type}"`;
  const others = [...columns.values()].filter(column => column.name !== value);
  if (others.length > 1)
    return `the table must have exactly one primary key and optionally one comment column, not ${columns.size} columns (${[...columns.keys()].sort().join(', ')})`;
  if (others[0] && others[0].type !== 'text')
    return `the table’s comment column ("${others[0].name}") must have type "text", not type "${others[0].type}"`;
  return { value, comment: others[0]?.name ?? null };
}
