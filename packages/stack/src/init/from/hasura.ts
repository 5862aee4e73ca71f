import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { StackError } from '../../project/errors.ts';
import { readOwn } from '../../project/ownership.ts';
import type { Found } from '../project.ts';

/** One table's file, as the Hasura CLI writes it. */
interface TableMetadata {
  readonly table?: { readonly schema?: string; readonly name?: string };
  readonly [permissions: `${string}_permissions`]: readonly { readonly role?: string }[] | undefined;
}

/**
 * Reads `metadata/databases` and looks at `migrations`, as the Hasura CLI keeps them.
 * @throws {StackError} `config` where there is no such project
 */
export function readHasura(folder: string): Found {
  const databases = join(folder, 'metadata', 'databases');
  if (!existsSync(databases))
    throw new StackError('config', `There is no metadata/databases in ${folder}.`, {
      hint: 'Go to the folder of the Hasura CLI (with config.yaml), or name it: peakstone init DIR --from hasura',
    });
  const tables = readdirSync(databases, { recursive: true, encoding: 'utf8' })
    .filter(file => /(?:^|[/\\])tables[/\\][^/\\]+\.ya?ml$/.test(file) && !/tables\.ya?ml$/.test(file))
    .map(file => readTable(join(databases, file)));
  const schemas = new Set(tables.map(({ table }) => table?.schema ?? 'public'));
  const roles = new Set(tables.flatMap(rolesOf));
  return {
    title: 'Hasura’s metadata',
    ...(schemas.size > 0 && { schemas: [...schemas].sort() }),
    env: {},
    notes: [
      ...migrationNotes(folder),
      ...seedNotes(folder),
      ...(roles.size > 0
        ? [
            `Permissions of ${[...roles].sort().join(', ')} on ${tables.length} tables stay Hasura's: REST obeys PostgreSQL's own grants and policies, to be written for web_anon (visitors) and app_user (signed in).`,
          ]
        : []),
      'GraphQL by this metadata: PEAKSTONE_GRAPHQL_AUTHORIZATION=metadata in .env, and, once the stack runs, peakstone graphql metadata apply FOLDER. Actions, events and remote schemas are not served yet.',
    ],
  };
}

function readTable(file: string): TableMetadata {
  try {
    return (parse(readOwn(file)) ?? {}) as TableMetadata;
  } catch (error) {
    throw new StackError('config', `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
}

function rolesOf(metadata: TableMetadata): string[] {
  return Object.entries(metadata)
    .filter(([key, value]) => key.endsWith('_permissions') && Array.isArray(value))
    .flatMap(([, value]) => value as readonly { readonly role?: string }[])
    .flatMap(({ role }) => (role === undefined ? [] : [role]));
}

/** The CLI has a folder a database, in it a folder a migration with its `up.sql`; without databases, one level less. */
function migrationNotes(folder: string): string[] {
  const root = join(folder, 'migrations');
  if (!existsSync(root)) return [];
  const ups = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file =>
    /(?:^|[/\\])up\.sql$/.test(file),
  );
  return ups.length > 0
    ? [`\`peakstone up\` applies the migrations (${ups.length}), and keeps Hasura’s history of them.`]
    : [];
}

/** Beside them, `seeds/DATABASE/NAME.sql`, or one level less. */
function seedNotes(folder: string): string[] {
  const root = join(folder, 'seeds');
  if (!existsSync(root)) return [];
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.sql'),
  );
  if (files.length === 0) return [];
  const pattern = [
    'seeds',
    ...Array<string>((files[0]?.split(/[/\\]/).length ?? 1) - 1).fill('*'),
    '*.sql',
  ].join('/');
  return [
    `Load the rows (${files.length}): \`for f in ${pattern}; do peakstone sql -f "$f" || break; done\``,
  ];
}
