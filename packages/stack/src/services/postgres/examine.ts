import { databasesLeftBehind, servedSchemas } from '@peakstone/database';
import { STACK_EXTENSIONS } from '@peakstone/kernel/inventory';
import { arrayLiteral, createPrivilegedPool, type Pool } from '@peakstone/kernel/pg';
import { findUnfinishedImport, TransferError } from '@peakstone/transfer';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import { externalUrl } from '../../project/urls.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from './address.ts';
import { lintDatabase } from './lints.ts';

/** What the original stack uses, and what it is for. */
const extensions: readonly (readonly [name: string, use: string])[] = [
  ['pg_cron', 'scheduled jobs, which the stack runs without it'],
  ['pgaudit', 'audit log of objects'],
  ['hypopg', 'hypothetical indexes'],
  ['pg_repack', 'repacking without locks'],
  ['vector', 'embeddings'],
];

/** Where an API serves their functions, as one that stayed there does. */
async function examinePlaces(pool: Pool, served: readonly string[]): Promise<Check[]> {
  const { rows } = await pool.query(
    `select extname, n.nspname from pg_extension join pg_namespace n on n.oid = extnamespace
     where extname = any ($1::text[]) and n.nspname = any ($2::text[]) order by 1`,
    [arrayLiteral(STACK_EXTENSIONS.map(({ name }) => name)), arrayLiteral(served)],
  );
  return rows.map(([name, place]) =>
    warn(
      'Extension',
      `${name} is in ${place}, which the APIs serve`,
      "'peakstone restart postgres' moves it, or names the functions that would miss it there.",
    ),
  );
}

/** A changed POSTGRES_DB serves an empty database. */
async function examineLeftBehind(url: string, env: Examined['env']): Promise<Check[]> {
  if (externalUrl(env.DATABASE_ENGINE) !== null) return [];
  const name = env.POSTGRES_DB || 'postgres';
  const [before] = await databasesLeftBehind(url);
  if (before === undefined) return [];
  return [
    warn(
      'Database',
      `'${name}' is empty, and '${before}' was served before`,
      `To serve that again, set POSTGRES_DB=${before} where it is set, then 'peakstone down' and 'peakstone up'.`,
    ),
  ];
}

/** One that was ended in its middle: what it made is there, and what it has not yet put right stands open until its end. */
async function examineImport(url: string): Promise<Check[]> {
  try {
    const found = await findUnfinishedImport(url);
    if (found === null) return [];
    const files = found.files.join(' ');
    if (found.isUnderWay) return [ok('Import', `one of ${files} is under way`)];
    return [
      warn(
        'Import',
        `one of ${files} was ended in its middle`,
        `To go on with it, give the same command again: peakstone import supabase (or postgres) ${files}. To give it up, which leaves what it made: peakstone import abandon; with --undo, that is removed`,
      ),
    ];
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return [fail('Import', error.message, error.hint ?? 'peakstone import abandon')];
  }
}

/** The running server's extensions, whether it is the database that was meant, and what is open in it that need not be. */
export async function examineDatabase({ env, ports, served }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    const { rows } = await pool.query('select name, default_version from pg_available_extensions');
    const versions = new Map(rows.map(row => [row[0]!.toString(), row[1]?.toString() ?? '']));
    const there = extensions.filter(([name]) => versions.has(name));
    const absent = extensions.filter(([name]) => !versions.has(name));
    const exposed = await servedSchemas(url);
    const schemas = [...new Set(served.flatMap(own => own ?? exposed))];
    return [
      ...(await examineLeftBehind(url, env)),
      ...(await examineImport(url)),
      ...(await examinePlaces(pool, schemas)),
      ...there.map(([name]) => ok('Extension', `${name} ${versions.get(name)}`)),
      ...(absent.length === 0
        ? []
        : [
            warn(
              'Extension',
              `not installed: ${absent.map(([name, use]) => `${name} (${use})`).join(', ')}`,
              'If you need one, use a system PostgreSQL 17 that has it (on Debian postgresql-17-cron and others), or our image.',
            ),
          ]),
      ...(await lintDatabase(pool, schemas)),
    ];
  } finally {
    await pool.close(0);
  }
}
