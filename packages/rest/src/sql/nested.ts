/**
 * The statements of a nested insert. Each leaves the keys of its rows in a setting of the transaction, where later ones
 * find them by the rows' numbers. They are statements of their own, not one with several CTEs, so that policies and triggers
 * of later rows see the earlier ones.
 */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import type { Sql } from '@peakstone/kernel/pg';
import type { KeyColumn, NestedInsert, NestedPlan } from '../plan/nested.ts';
import { column, Parameters, qualified, quote } from './writer.ts';

const ROWS: QualifiedName = { schema: '', name: 'pgrst_rows' };
const TARGET: QualifiedName = { schema: '', name: 'pgrst_target' };

const settingOf = (group: number): string => `pgrst.nested_${group}`;

/** The numbers and keys of a group's rows, as a FROM item. */
function keysSql(group: number, keys: readonly KeyColumn[], alias: string): string {
  const columns = keys.map(({ name, type }) => `, ${quote(name)} ${type}`).join('');
  return `jsonb_to_recordset(current_setting('${settingOf(group)}')::jsonb) AS ${alias}(pgrst_ord int${columns})`;
}

/** For a body without rows: the setting, which may hold those of another request in the transaction, is emptied. */
export const noKeysSql = (group: number): Sql => ({
  text: `SELECT set_config('${settingOf(group)}', '[]', true)`,
  values: [],
});

export function nestedSql({ keys }: NestedPlan, insert: NestedInsert): Sql {
  const params = new Parameters();
  const { table, columns, links, group } = insert;
  const typed = columns.map(({ name, type }) => `, ${quote(name)} ${type}`).join('');
  const marks = links.map((_link, i) => `, pgrst_link_${i} int`).join('');
  const selected = [
    ...columns.map(({ name, transform }) => {
      const value = `_.${quote(name)}`;
      return transform ? `${qualified(transform)}(${value}) AS ${quote(name)}` : value;
    }),
    ...links.flatMap(({ pairs }, i) =>
      pairs.map(([own, theirs]) => `pgrst_keys_${i}.${quote(theirs)} AS ${quote(own)}`),
    ),
  ];
  const joins = links.map(
    (link, i) =>
      ` JOIN ${keysSql(link.group, keys[link.group] ?? [], `pgrst_keys_${i}`)} ON pgrst_keys_${i}.pgrst_ord = _.pgrst_link_${i}`,
  );
  const source = `FROM json_to_recordset(${params.add(insert.rows)}::json) AS _(pgrst_ord int${typed}${marks})${joins.join('')} ORDER BY _.pgrst_ord`;
  const names = [
    ...columns.map(({ name }) => name),
    ...links.flatMap(({ pairs }) => pairs.map(([own]) => own)),
  ];
  const wanted = keys[group] ?? [];
  if (wanted.length === 0) {
    const into = names.length === 0 ? '' : ` (${names.map(quote).join(', ')})`;
    return params.toSql(`INSERT INTO ${qualified(table)}${into} SELECT ${selected.join(', ')} ${source}`);
  }
  const values =
    names.length === 0
      ? 'DEFAULT VALUES'
      : `(${names.map(quote).join(', ')}) VALUES (${names.map(name => column(ROWS, name)).join(', ')})`;
  const returned = wanted.map(({ name }) => column(TARGET, name));
  const numbers = ['_.pgrst_ord', ...selected].join(', ');
  // MERGE, as RETURNING of INSERT cannot tell which row of its source a new row comes from.
  const made = `MERGE INTO ${qualified(table)} AS pgrst_target USING pgrst_rows ON false WHEN NOT MATCHED THEN INSERT ${values} RETURNING pgrst_rows.pgrst_ord, ${returned.join(', ')}`;
  const setting = settingOf(group);
  const before = insert.continues ? `current_setting('${setting}')::jsonb || ` : '';
  return params.toSql(
    `WITH pgrst_rows AS (SELECT ${numbers} ${source}), pgrst_made AS (${made}) SELECT set_config('${setting}', (${before}coalesce(jsonb_agg(pgrst_made.*), '[]'))::text, true) FROM pgrst_made`,
  );
}

/** The new rows of the request's own table, in the order of the body, with the columns that the response needs. */
export function nestedSource(
  { keys, root }: NestedPlan,
  table: QualifiedName,
  returning: readonly string[],
): string {
  const rootKeys = keys[root] ?? [];
  const from = keysSql(root, rootKeys, 'pgrst_keys');
  if (returning.length === 0) return `SELECT 1 FROM ${from}`;
  const shown = returning.map(name => column(table, name)).join(', ');
  const same = rootKeys.map(({ name }) => `${column(table, name)} = pgrst_keys.${quote(name)}`).join(' AND ');
  return `SELECT ${shown} FROM ${from} JOIN ${qualified(table)} ON ${same} ORDER BY pgrst_keys.pgrst_ord`;
}
