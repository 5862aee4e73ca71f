/** What of several relations and functions a role has any privilege on. */
import type { Named } from '../../errors.ts';
import { qualified, quote } from '../../sql/writer.ts';
import type { Asked } from './asked.ts';

const usable = `
select n - 1 from pg_catalog.json_array_elements($2::pg_catalog.json) with ordinality as _ (candidate, n), pg_catalog.to_regrole($1) as role
where not exists (
    select from pg_catalog.json_array_elements_text(candidate -> 'relations') as name, pg_catalog.to_regclass(name) as relation
    where (
      pg_catalog.has_table_privilege(role, relation, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
      or pg_catalog.has_any_column_privilege(role, relation, 'SELECT, INSERT, UPDATE, REFERENCES')
    ) is not true
  )
  and (
    pg_catalog.json_array_length(candidate -> 'routines') = 0
    or exists (
      select from pg_catalog.json_array_elements_text(candidate -> 'routines') as oid
      where pg_catalog.has_function_privilege(role, oid::pg_catalog.oid, 'EXECUTE')
    )
  )`;

/** Indexes of the candidates that the role may use. */
export async function usableAmong(
  candidates: readonly Named[],
  { pool, identity }: Asked,
): Promise<readonly number[]> {
  const asked = candidates.map(({ relations = [], routines = [] }) => ({
    relations: relations.map(qualified),
    routines,
  }));
  const { rows } = await pool.query(usable, [quote(identity.role), JSON.stringify(asked)]);
  return rows.map(([n]) => Number(n?.toString())).sort((a, b) => a - b);
}
