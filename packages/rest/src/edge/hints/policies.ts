/** Why row-level security refuses a row: without what the policies say, as that may tell what is in the table. */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import { quote } from '../../sql/writer.ts';
import type { Asked } from './asked.ts';

const violated = /^new row violates row-level security policy .*for table "(?<name>.+)"$/s;

/** How many permissive policies of a table, for these commands, are the role's. */
const countOf = (commands: string): string =>
  `(select pg_catalog.count(*) from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd in (${commands}, '*')
     and (p.polroles = '{0}' or exists (select from pg_catalog.unnest(p.polroles) as member where pg_catalog.pg_has_role(r, member, 'USAGE'))))`;

const policies = `
select pg_catalog.format('%I.%I', s.value, c.relname),
  ${countOf('$4::pg_catalog."char"')},
  ${countOf("'r'")}
from (select value, n from pg_catalog.json_array_elements_text($3::pg_catalog.json) with ordinality as _ (value, n)) as s
  join pg_catalog.pg_namespace n on n.nspname = s.value join pg_catalog.pg_class c on c.relnamespace = n.oid,
  pg_catalog.to_regrole($1) as r
where c.relname = $2 and c.relrowsecurity
order by s.n limit 1`;

/** Null where the message is another, or the table is not the API's. */
export async function hintOfPolicies(message: string, asked: Asked): Promise<string | null> {
  const name = violated.exec(message)?.groups?.name;
  if (name === undefined) return null;
  const { pool, identity, config, request } = asked;
  const isUpdate = request.method === 'PATCH';
  const { rows } = await pool.query(policies, [
    quote(identity.role),
    name,
    JSON.stringify(config.dbSchemas),
    isUpdate ? 'w' : 'a',
  ]);
  const [table, writing, reading] = rows[0]?.map(cell => cell?.toString() ?? '') ?? [];
  if (table === undefined) return null;
  const role = quoteIdentifier(identity.role);
  const command = isUpdate ? 'UPDATE' : 'INSERT';
  if (writing === '0') {
    return `No policy of ${table} lets the role ${role} ${command}. One does after: CREATE POLICY … ON ${table} FOR ${command} TO ${role} WITH CHECK (…);`;
  }
  const returns = /return=(?:representation|headers-only)/.test(request.headers.prefer ?? '');
  if (returns && reading === '0') {
    return `No policy of ${table} lets the role ${role} SELECT, which returning the row takes: ask for return=minimal, or CREATE POLICY … ON ${table} FOR SELECT TO ${role} USING (…);`;
  }
  return `The row satisfies none of the policies by which the role ${role} may ${isUpdate ? 'UPDATE' : 'INSERT into'} ${table}.`;
}
