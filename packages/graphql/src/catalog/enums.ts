/** The rows of enum tables, which are values of the schema. @see https://hasura.io/docs/2.0/schema/postgres/enums/ */
import { key, type Table } from '@peakstone/kernel/catalog';
import { quoteIdentifier, quoteQualified } from '@peakstone/kernel/pg';
import type { CatalogReader } from './reader.ts';

/**
 * Values with their comments, by table. A table that cannot be one (no primary key of one text column, other columns than a
 * comment) is left out: the model says why. So is one whose rows policies decide over for this session, unless `runsPolicies`:
 * they call what those who write the application's schemas have made.
 */
export async function loadEnums(
  pool: CatalogReader,
  tables: readonly Table[],
  runsPolicies: boolean,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string | null>>> {
  const enums = new Map<string, ReadonlyMap<string, string | null>>();
  for (const table of tables) {
    const shape = enumShape(table);
    if (!('value' in shape)) continue;
    const comment = shape.comment === null ? 'null' : quoteIdentifier(shape.comment);
    const name = quoteQualified(table.schema, table.name);
    if (!runsPolicies && (await hasPolicies(pool, name))) continue;
    const { rows } = await pool.query(
      `select ${quoteIdentifier(shape.value)}, ${comment} from ${name} order by 1`,
    );
    enums.set(
      key(table.schema, table.name),
      new Map(rows.map(([value, text]) => [value!.toString(), text?.toString() ?? null])),
    );
  }
  return enums;
}

async function hasPolicies(pool: CatalogReader, name: string): Promise<boolean> {
  const { rows } = await pool.query(
    'select pg_catalog.row_security_active(pg_catalog.to_regclass($1)::oid)::text',
    [name],
  );
  return rows[0]?.[0]?.toString() === 'true';
}

/** Which columns hold value and comment; a list says why it can be no enum. Pure. */
export function enumShape(
  table: Table,
): { readonly value: string; readonly comment: string | null } | readonly string[] {
  const { primaryKey, columns } = table;
  const problems: string[] = [];
  let value: string | null = null;
  const key = primaryKey[0];
  if (key === undefined) problems.push('the table must have a primary key');
  else if (primaryKey.length > 1)
    problems.push(
      `the table’s primary key must not span multiple columns (${[...primaryKey].sort().join(', ')})`,
    );
  else if (columns.get(key)?.type === 'text') value = key;
  else
    problems.push(
      `the table’s primary key ("${key}") must have type "text", not type "${columns.get(key)?.type}"`,
    );
  const others = [...columns.values()].filter(column => column.name !== value);
  const [comment = null] = others;
  if (others.length > 1)
    problems.push(
      `the table must have exactly one primary key and optionally one comment column, not ${others.length} columns (${others
        .map(({ name }) => name)
        .sort()
        .join(', ')})`,
    );
  else if (comment && comment.type !== 'text')
    problems.push(
      `the table’s comment column ("${comment.name}") must have type "text", not type "${comment.type}"`,
    );
  return value === null || problems.length > 0 ? problems : { value, comment: comment?.name ?? null };
}
