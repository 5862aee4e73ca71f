import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../../project/errors.ts';
import { readOwn } from '../../project/ownership.ts';
import type { Found } from '../project.ts';
import { parseToml, type TomlValue } from '../toml.ts';
import { sqlFiles, sqlNotes } from './supabaseSql.ts';

/** What PeakStone serves itself only later, by the table of the configuration that sets it up. */
const NOT_SERVED: readonly (readonly [table: string, what: string])[] = [
  ['auth', 'sign-in (GoTrue): any service that signs JWTs with JWT_SECRET will do; auth.uid() reads them'],
  ['storage', 'object storage: in the deployed stack'],
  ['realtime', 'Realtime: there is none'],
  ['edge_runtime', 'Edge Functions: there are none'],
];

/**
 * Reads `supabase/config.toml` and looks at `supabase/migrations`, which stay where they are.
 * @throws {StackError} `config` where there is no such project
 */
export function readSupabase(folder: string): Found {
  const root = join(folder, 'supabase');
  const file = join(root, 'config.toml');
  if (!existsSync(file))
    throw new StackError('config', `There is no supabase/config.toml in ${folder}.`, {
      hint: 'Go to the folder that holds supabase/, or name it: peakstone init DIR --from supabase',
    });
  const config = parseToml(readOwn(file));
  const api = config.get('api');
  // The API of these two is GraphQL's and storage's own.
  const schemas = texts(api?.get('schemas')).filter(name => name !== 'graphql_public' && name !== 'storage');
  const maxRows = api?.get('max_rows');
  const searchPath = texts(api?.get('extra_search_path'));
  const missing = NOT_SERVED.filter(([table]) => config.get(table)?.get('enabled') === true);
  return {
    title: 'supabase/config.toml',
    ...(schemas.length > 0 && { schemas }),
    env: {
      ...(typeof maxRows === 'number' && { PGRST_DB_MAX_ROWS: String(maxRows) }),
      ...(searchPath.length > 0 && { PGRST_DB_EXTRA_SEARCH_PATH: searchPath.join(',') }),
    },
    notes: [
      ...migrationNotes(root),
      ...(texts(api?.get('schemas')).includes('graphql_public')
        ? [
            'Not served here: graphql_public (pg_graphql). GraphQL speaks Hasura’s words here, at /v1/graphql.',
          ]
        : []),
      ...(hasFunctions(root)
        ? ['Not run here: supabase/functions. Run them with Deno, beside the stack.']
        : []),
      ...missing.map(([, what]) => `Not served here: ${what}.`),
      `Clients take the gateway's address, and the keys of 'peakstone secrets jwt anon' and 'peakstone secrets jwt service'.`,
    ],
  };
}

function hasFunctions(root: string): boolean {
  const folder = join(root, 'functions');
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function migrationNotes(root: string): string[] {
  const files = existsSync(join(root, 'migrations')) ? sqlFiles(root, 'migrations') : [];
  const seeds = existsSync(join(root, 'seed.sql')) ? ['seed.sql'] : [];
  return [
    ...(files.length > 0
      ? [
          `\`peakstone up\` applies the migrations in supabase/migrations (${files.length}), and keeps the Supabase CLI’s history of them.`,
        ]
      : []),
    ...seeds.map(name => `Load the rows: \`peakstone sql -f supabase/${name}\``),
    ...sqlNotes(root, [...files, ...seeds]),
  ];
}

function texts(value: TomlValue | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}
