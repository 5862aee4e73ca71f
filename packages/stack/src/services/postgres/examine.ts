import { databasesLeftBehind, EXTENSIONS, servedSchemas } from '@peakstone/database';
import { arrayLiteral, createPrivilegedPool, type Pool } from '@peakstone/kernel/pg';
import { type Check, ok, warn } from '../../project/check.ts';
import { externalUrl } from '../../project/urls.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from './address.ts';

/** What the original stack uses, and what it is for. */
const extensions: readonly (readonly [name: string, use: string])[] = [
  ['pg_cron', 'scheduled jobs'],
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
    [arrayLiteral(EXTENSIONS.map(({ name }) => name)), arrayLiteral(served)],
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

/** Which extensions the running server has, and whether it is the database that was meant. */
export async function examineDatabase({ env, ports }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    const { rows } = await pool.query('select name, default_version from pg_available_extensions');
    const versions = new Map(rows.map(row => [row[0]!.toString(), row[1]?.toString() ?? '']));
    const there = extensions.filter(([name]) => versions.has(name));
    const absent = extensions.filter(([name]) => !versions.has(name));
    return [
      ...(await examineLeftBehind(url, env)),
      ...(await examinePlaces(pool, await servedSchemas(url))),
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
    ];
  } finally {
    await pool.close(0);
  }
}
