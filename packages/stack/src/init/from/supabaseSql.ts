import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readOwn } from '../../project/ownership.ts';

/** Extensions that a stack with a Supabase project's SQL has, or that db_migrator may make: the trusted ones of contrib. */
const AT_HAND = new Set([
  ...['pg_stat_statements', 'moddatetime', 'insert_username', 'autoinc', 'plpgsql', 'uuid-ossp', 'pgcrypto'],
  ...[
    'btree_gin',
    'btree_gist',
    'citext',
    'cube',
    'dict_int',
    'fuzzystrmatch',
    'hstore',
    'intarray',
    'isn',
    'lo',
  ],
  ...['ltree', 'pg_trgm', 'seg', 'tablefunc', 'tcn', 'tsm_system_rows', 'tsm_system_time', 'unaccent'],
]);

/** Of contrib, too, and the administrator's to make. */
const ADMINISTRATORS = new Set([
  ...['amcheck', 'bloom', 'dblink', 'dict_xsyn', 'earthdistance', 'file_fdw', 'intagg', 'pageinspect'],
  ...['pg_buffercache', 'pg_freespacemap', 'pg_prewarm', 'pg_visibility', 'pg_walinspect', 'pgrowlocks'],
  ...['pgstattuple', 'postgres_fdw', 'refint', 'sslinfo', 'xml2'],
]);

const EXTENSION = /\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?/gi;

/** What db_migrator is refused. */
const REFUSED =
  /\bowner\s+to\s+"?postgres\b|\bfor\s+role\s+"?postgres\b|\b(?:alter|create)\s+role\b|\bcreate\s+event\s+trigger\b/gi;

/** What the SQL of a Supabase project asks for that a stack has not, or not for db_migrator; said before it is run. */
export function sqlNotes(root: string, files: readonly string[]): string[] {
  const missing: string[] = [];
  const refused: string[] = [];
  for (const file of files) {
    // Comments keep their lines, so that those after them keep their numbers.
    const sql = readOwn(join(root, file)).replace(/--[^\n]*/g, '');
    const at = (index: number) => `supabase/${file}:${sql.slice(0, index).split('\n').length}`;
    for (const { 1: name = '', index } of sql.matchAll(EXTENSION)) {
      if (ADMINISTRATORS.has(name)) refused.push(at(index));
      else if (!AT_HAND.has(name)) missing.push(`${name} (${at(index)})`);
    }
    refused.push(...[...sql.matchAll(REFUSED)].map(({ index }) => at(index)));
  }
  return [
    ...(missing.length > 0
      ? [
          `Extensions that the embedded server has not: ${missing.join(', ')}. Leave the lines out, or run a PostgreSQL that has them (DATABASE_ENGINE).`,
        ]
      : []),
    ...(refused.length > 0
      ? [
          `Only the administrator may do what these lines say: ${refused.join(', ')}. Leave them out, or run their files with \`peakstone sql --superuser -f\`.`,
        ]
      : []),
  ];
}

/** Files of SQL in a folder, in the order in which they are run. */
export function sqlFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => `${folder}/${name}`);
}
