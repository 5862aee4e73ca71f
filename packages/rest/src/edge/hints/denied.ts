/** Which privilege is missing where the database says only that permission is denied, and the statement that grants it. */
import { quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
import { decodePercent } from '../../parse/query.ts';
import { quote } from '../../sql/writer.ts';
import type { Asked } from './asked.ts';

const denied =
  /^permission denied for (?<kind>table|view|materialized view|foreign table|sequence|function|procedure|schema) (?<name>.+)$/s;

/** Null where the message is another, or what it names is not offered by the API. */
export async function hintOfDenial(message: string, asked: Asked): Promise<string | null> {
  const { kind, name } = denied.exec(message)?.groups ?? {};
  if (kind === undefined || name === undefined) return null;
  const missing = await missingPrivileges(kind, name, asked);
  if (!missing) return null;
  const { privileges, on, isAnyOf } = missing;
  const role = quoteIdentifier(asked.identity.role);
  const [first = ''] = privileges;
  const [how, granted] = isAnyOf
    ? ['What is needed of it is given by, for example', first]
    : ['A grant gives it', privileges.join(', ')];
  return `The role ${role} lacks ${privileges.join(', ')} on ${on}. ${how}: GRANT ${granted} ON ${on} TO ${role};`;
}

interface Missing {
  readonly privileges: readonly string[];
  /** As GRANT takes it. */
  readonly on: string;
  /** Whether only some of them may be needed: what a function does is not known. */
  readonly isAnyOf: boolean;
}

async function missingPrivileges(kind: string, name: string, asked: Asked): Promise<Missing | null> {
  switch (kind) {
    case 'schema':
      return { privileges: ['USAGE'], on: `SCHEMA ${quoteIdentifier(name)}`, isAnyOf: false };
    case 'sequence':
      return one('USAGE', 'SEQUENCE', await find(sequences, name, asked));
    case 'function':
    case 'procedure':
      return one('EXECUTE', kind.toUpperCase(), await find(routines, name, asked));
    default:
      return await missingOfRelation(name, asked);
  }
}

const one = (privilege: string, kind: string, on: string | null): Missing | null =>
  on === null ? null : { privileges: [privilege], on: `${kind} ${on}`, isAnyOf: false };

/** Of an object of that name, in the API's schemas, which the role may not use: its name as GRANT takes it. */
async function find(text: string, name: string, { pool, identity, config }: Asked): Promise<string | null> {
  const { rows } = await pool.query(text, [quote(identity.role), name, JSON.stringify(config.dbSchemas)]);
  return rows[0]?.[0]?.toString() ?? null;
}

const inSchemas = `(select value, n from pg_catalog.json_array_elements_text($3::pg_catalog.json) with ordinality as _ (value, n)) as s`;

const sequences = `
select pg_catalog.format('%I.%I', s.value, c.relname)
from ${inSchemas} join pg_catalog.pg_namespace n on n.nspname = s.value join pg_catalog.pg_class c on c.relnamespace = n.oid
where c.relname = $2 and c.relkind = 'S' and not pg_catalog.has_sequence_privilege(pg_catalog.to_regrole($1), c.oid, 'USAGE')
order by s.n limit 1`;

const routines = `
select pg_catalog.format('%I.%I(%s)', s.value, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
from ${inSchemas} join pg_catalog.pg_namespace n on n.nspname = s.value join pg_catalog.pg_proc p on p.pronamespace = n.oid
where p.proname = $2 and not pg_catalog.has_function_privilege(pg_catalog.to_regrole($1), p.oid, 'EXECUTE')
order by s.n limit 1`;

/** Of a relation that the role lacks some of these privileges on: which of them it has. */
const relations = (privileges: readonly string[]): string => `
select pg_catalog.format('%I.%I', s.value, c.relname), ${privileges.map(holds).join(', ')}
from ${inSchemas} join pg_catalog.pg_namespace n on n.nspname = s.value join pg_catalog.pg_class c on c.relnamespace = n.oid,
  pg_catalog.to_regrole($1) as r
where c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not (${privileges.map(holds).join(' and ')})
order by s.n limit 1`;

const holds = (privilege: string): string =>
  `pg_catalog.has_table_privilege(r, c.oid, ${quoteLiteral(privilege)})`;

async function missingOfRelation(name: string, asked: Asked): Promise<Missing | null> {
  const { privileges, isAnyOf } = neededPrivileges(name, asked);
  const { pool, identity, config } = asked;
  const values = [quote(identity.role), name, JSON.stringify(config.dbSchemas)];
  const { rows } = await pool.query(relations(privileges), values);
  const [on, ...held] = rows[0]?.map(cell => cell?.toString() ?? '') ?? [];
  if (on === undefined) return null;
  return { privileges: privileges.filter((_each, i) => held[i] === 'f'), on, isAnyOf };
}

/** What a request needs on a relation. */
function neededPrivileges(
  name: string,
  { request: { method, path, headers }, config }: Asked,
): { readonly privileges: readonly string[]; readonly isAnyOf: boolean } {
  const all = (...privileges: string[]) => ({ privileges, isAnyOf: false });
  if (path.startsWith('/rpc/') || path === config.beyond.batchPath) {
    return { privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], isAnyOf: true };
  }
  // What is embedded is only read.
  if (decodePercent(path.slice(1)) !== name) return all('SELECT');
  const { prefer = '' } = headers;
  switch (method) {
    case 'POST': {
      const merges = prefer.includes('resolution=merge') ? ['UPDATE'] : [];
      const reads = /return=(?:representation|headers-only)|resolution=/.test(prefer) ? ['SELECT'] : [];
      return all('INSERT', ...merges, ...reads);
    }
    case 'PUT':
      return all('INSERT', 'UPDATE', 'SELECT');
    case 'PATCH':
      return all('UPDATE', 'SELECT');
    case 'DELETE':
      return all('DELETE', 'SELECT');
    default:
      return all('SELECT');
  }
}
