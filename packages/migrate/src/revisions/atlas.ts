import { ATLAS_HISTORY } from '@peakstone/kernel/inventory';
import { PgError, quoteIdentifier, quoteLiteral as text } from '@peakstone/kernel/pg';
import { MigrateError } from '../errors.ts';
import { type Ask, type History, rowsOf } from './history.ts';
import type { Revision } from './revision.ts';

/** A row that Atlas' own service keeps beside the revisions. */
const identifierRow = '.atlas_cloud_identifier';

const columns = [
  'version',
  'description',
  'type',
  'applied',
  'total',
  'executed_at',
  'execution_time',
  'error',
  'error_stmt',
  'hash',
  'partial_hashes',
  'operator_version',
] as const;

/**
 * The table that Atlas keeps.
 * @param schema another one than its own: `--revisions-schema`
 */
export function atlasHistory(schema: string = ATLAS_HISTORY): History {
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(ATLAS_HISTORY)}`;
  return {
    table: `${schema}.${ATLAS_HISTORY}`,
    schema,
    name: ATLAS_HISTORY,
    keepsParts: true,

    async read(ask) {
      if (!(await exists(ask, schema))) return null;
      const rows = await readRows(
        ask,
        `${schema}.${ATLAS_HISTORY}`,
        `select version, description, type, applied, total,
          pg_catalog.date_part('epoch', executed_at) operator(pg_catalog.*) 1000, execution_time,
          error, error_stmt, hash, partial_hashes, operator_version
        from ${table} where version operator(pg_catalog.<>) ${text(identifierRow)}`,
      );
      return rows.map(readRow).sort((a, b) => Buffer.compare(Buffer.from(a.version), Buffer.from(b.version)));
    },

    async prepare(ask) {
      if (await exists(ask, schema)) return;
      const [found] = await rowsOf(
        ask,
        `select from pg_catalog.pg_namespace where nspname = ${text(schema)}`,
      );
      if (!found) await ask(`create schema if not exists ${quoteIdentifier(schema)}`);
      await ask(`create table if not exists ${table} (
        version character varying not null primary key,
        description character varying not null,
        type bigint not null default 2,
        applied bigint not null default 0,
        total bigint not null default 0,
        executed_at timestamp with time zone not null,
        execution_time bigint not null,
        error text,
        error_stmt text,
        hash character varying not null,
        partial_hashes jsonb,
        operator_version character varying not null)`);
    },

    write(revision) {
      const updates = columns.slice(1).map(column => `${column} = excluded.${column}`);
      return `insert into ${table} (${columns.join(', ')}) values (${valuesOf(revision).join(', ')})
        on conflict (version) do update set ${updates.join(', ')}`;
    },

    remove(version) {
      return `delete from ${table} where version operator(pg_catalog.=) ${text(version)}`;
    },
  };
}

/** @throws {MigrateError} `history` where somebody else's table has the name */
async function readRows(ask: Ask, table: string, sql: string): ReturnType<typeof rowsOf> {
  try {
    return await rowsOf(ask, sql);
  } catch (error) {
    // No such column, or none of that type.
    if (!(error instanceof PgError) || !['42703', '42883'].includes(error.code)) throw error;
    throw new MigrateError(
      'history',
      `${table} is no table of revisions: ${error.message}.`,
      'It is somebody else’s: keep the history in a schema of its own, --revisions-schema NAME, or rename that table.',
      error,
    );
  }
}

async function exists(ask: Ask, schema: string): Promise<boolean> {
  const rows = await rowsOf(
    ask,
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${text(schema)} and c.relname = ${text(ATLAS_HISTORY)} and c.relkind in ('r', 'p')`,
  );
  return rows.length > 0;
}

function readRow(row: readonly (string | null)[]): Revision {
  const [version, description, type, applied, total, at, time, error, statement, hash, partial, operator] =
    row;
  return {
    version: version!,
    description: description!,
    type: Number(type),
    applied: Number(applied),
    total: Number(total),
    executedAt: new Date(Number(at)),
    executionMs: Number(time) / 1e6,
    error: error ?? '',
    errorStatement: statement ?? '',
    hash: hash!,
    partialHashes: partial == null ? null : (JSON.parse(partial) as readonly string[] | null),
    operatorVersion: operator!,
  };
}

function valuesOf(revision: Revision): readonly string[] {
  return [
    text(revision.version),
    text(revision.description),
    String(revision.type),
    String(revision.applied),
    String(revision.total),
    `${text(revision.executedAt.toISOString())}::pg_catalog.timestamptz`,
    String(Math.round(revision.executionMs * 1e6)),
    text(revision.error),
    text(revision.errorStatement),
    text(revision.hash),
    `${text(JSON.stringify(revision.partialHashes))}::pg_catalog.jsonb`,
    text(revision.operatorVersion),
  ];
}
