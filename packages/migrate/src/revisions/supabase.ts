import { SUPABASE_HISTORY_SCHEMA as schema } from '@peakstone/kernel/inventory';
import { arrayLiteral, quoteLiteral as text } from '@peakstone/kernel/pg';
import { type Ask, type History, rowsOf } from './history.ts';
import { type Revision, revisionType } from './revision.ts';

const name = 'schema_migrations';
const table = `${schema}.${name}`;

/**
 * The table that the Supabase CLI keeps: a version is there, or isn't.
 * @see https://supabase.com/docs/guides/deployment/database-migrations
 */
export const supabaseHistory: History = {
  table,
  schema,
  name,
  keepsParts: false,

  async read(ask) {
    const columns = await columnsOf(ask);
    if (columns.length === 0) return null;
    const named = columns.includes('name') ? "coalesce(name, '')" : "''";
    const counted = columns.includes('statements') ? 'coalesce(cardinality(statements), 0)' : '0';
    const rows = await rowsOf(ask, `select version, ${named}, ${counted} from ${table}`);
    return rows
      .map(([version, description, count]) => bareRevision(version!, description!, Number(count)))
      .sort((a, b) => Buffer.compare(Buffer.from(a.version), Buffer.from(b.version)));
  },

  async prepare(ask) {
    const columns = await columnsOf(ask);
    if (columns.length === 0) {
      const [[there] = []] = await rowsOf(ask, `select pg_catalog.to_regnamespace('${schema}')`);
      if (!there) await ask(`create schema if not exists ${schema}`);
      await ask(
        `create table if not exists ${table} (version text not null primary key, statements text[], name text)`,
      );
      return;
    }
    // Tables of early versions of the CLI lack some.
    if (!columns.includes('statements'))
      await ask(`alter table ${table} add column if not exists statements text[]`);
    if (!columns.includes('name')) await ask(`alter table ${table} add column if not exists name text`);
  },

  write({ version, description }, statements) {
    const list = `${text(arrayLiteral(statements))}::pg_catalog.text[]`;
    return `insert into ${table} (version, name, statements) values (${text(version)}, ${text(description)}, ${list})
      on conflict (version) do update set name = excluded.name, statements = excluded.statements`;
  },

  remove(version) {
    return `delete from ${table} where version operator(pg_catalog.=) ${text(version)}`;
  },
};

/** Empty where there is no such table. */
async function columnsOf(ask: Ask): Promise<readonly string[]> {
  const rows = await rowsOf(
    ask,
    `select a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${text(schema)} and c.relname = ${text(name)} and a.attnum > 0 and not a.attisdropped`,
  );
  return rows.map(([column]) => column!);
}

/** Of a tool that keeps no more than that it was applied. Pure. */
export function bareRevision(version: string, description: string, statements: number): Revision {
  return {
    version,
    description,
    type: revisionType.executed,
    applied: statements,
    total: statements,
    executedAt: new Date(0),
    executionMs: 0,
    error: '',
    errorStatement: '',
    hash: '',
    partialHashes: null,
    operatorVersion: '',
  };
}
