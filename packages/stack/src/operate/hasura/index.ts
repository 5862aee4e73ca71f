/**
 * A project of Hasura's into the running stack: its database from a dump or a server, or by its migrations; its metadata; and
 * the versions that have run, so that Hasura's CLI goes on from there.
 */
import type { Adapted, Ask, HasuraProject } from '@peakstone/graphql/project';

import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl, superuserUrl } from '../../run/databaseUrl.ts';
import { stackValues } from '../../run/stackValues.ts';
import { runningState } from '../../run/state.ts';
import { restartStack } from '../client.ts';
import { type ImportNote, type ImportReport, importIntoStack } from '../importDump.ts';
import { keepMetadata, letTrigger, runMigrations, showMigration } from './database.ts';

export interface HasuraImportOptions {
  /** The project's folder, or the address of its server. */
  readonly source: string;
  /** Of that server. */
  readonly secret: string | undefined;
  /** Its database: an address, or files of a dump; none to run the folder's migrations. */
  readonly database: readonly string[];
  readonly dryRun: boolean;
  readonly onProgress: (progress: {
    readonly phase: string;
    readonly share: number | null;
    readonly text: string;
  }) => void;
  readonly signal: AbortSignal;
}

export interface HasuraImportReport {
  readonly dryRun: boolean;
  /** Null where no database was named. */
  readonly database: ImportReport | null;
  /** Migrations that were run, or would be. */
  readonly migrations: readonly string[];
  /** How many parts of the metadata there are, by kind. */
  readonly metadata: Readonly<Record<string, number>>;
  readonly notes: readonly ImportNote[];
}

/** @throws {StackError} for a source that is none, too @throws {TransferError} for its database */
export async function importHasura(
  paths: StackPaths,
  env: EnvValues,
  options: HasuraImportOptions,
): Promise<HasuraImportReport> {
  const { FolderError } = await import('@peakstone/graphql/project');
  try {
    return await importProject(paths, env, options);
  } catch (error) {
    if (!(error instanceof FolderError)) throw error;
    throw new StackError('config', error.message, { cause: error });
  }
}

async function importProject(
  paths: StackPaths,
  env: EnvValues,
  options: HasuraImportOptions,
): Promise<HasuraImportReport> {
  const { adaptMetadata, asker, readProject } = await import('@peakstone/graphql/project');
  const { dryRun, onProgress, signal } = options;
  const values = await stackValues(paths, env);
  const server = await serverOf(paths, values);
  onProgress({ phase: 'read', share: null, text: options.source });
  const project = await readProject(options.source, options.secret);
  const { metadata, main, notes: adapted } = adaptMetadata(project.metadata, values);
  const notes: ImportNote[] = [...adapted.map(noteOf), ...authorizationNotes(project, values)];
  const database =
    options.database.length === 0
      ? null
      : await importIntoStack(paths, env, {
          origin: 'postgres',
          files: options.database,
          dryRun,
          onProgress,
          signal,
        });
  const own = main === null ? [] : (project.migrations.get(main) ?? []);
  notes.push(...otherMigrations(project, main));
  const counts = countParts(metadata);
  if (dryRun)
    return {
      dryRun,
      database,
      migrations: database ? [] : own.map(showMigration),
      metadata: counts,
      notes,
    };
  signal.throwIfAborted();
  const adminUrl = await superuserUrl(paths, env);
  if (await keepMetadata(adminUrl)) await restartStack(paths, 'graphql', () => undefined);
  const ask = asker(server.url, server.secret);
  const state = await stateOf(ask);
  const known = (main !== null && state.migrations?.[main]) || {};
  const left = own.filter(({ version }) => known[version] === undefined);
  const ran: string[] = [];
  const save = async (versions: readonly string[]): Promise<void> => {
    if (main === null || versions.length === 0) return;
    const done = { ...known, ...Object.fromEntries(versions.map(version => [version, false])) };
    const migrations = { ...state.migrations, [main]: done };
    await ask('set_catalog_state', {
      type: 'cli',
      state: { settings: { migration_mode: 'true' }, ...state, migrations },
    });
  };
  if (database) {
    await save(left.map(({ version }) => version));
    if (project.cliState !== null && Object.keys(known).length === 0)
      await ask('set_catalog_state', { type: 'cli', state: project.cliState });
  } else {
    const url = await databaseUrl(paths, env, 'db_migrator');
    await runMigrations(url, left, async (migration, at) => {
      signal.throwIfAborted();
      onProgress({ phase: 'migrations', share: at / left.length, text: showMigration(migration) });
      ran.push(migration.version);
      await save(ran);
    });
  }
  onProgress({ phase: 'metadata', share: null, text: 'applying it' });
  notes.push(...(await letTrigger(adminUrl, metadata, main)));
  const answer = (await ask('replace_metadata', { allow_inconsistent_metadata: true, metadata }, 2)) as {
    readonly inconsistent_objects?: readonly { readonly name?: string; readonly reason: string }[];
  };
  for (const { name, reason } of answer.inconsistent_objects ?? [])
    notes.push({
      kind: 'aside',
      what: 'metadata',
      name: name ?? 'a part of it',
      why: reason.replace(/^Inconsistent object: /, '').replace(/\.$/, ''),
    });
  const shown = own.filter(({ version }) => ran.includes(version)).map(showMigration);
  return { dryRun, database, migrations: shown, metadata: counts, notes };
}

async function serverOf(paths: StackPaths, values: EnvValues) {
  const { ports } = await runningState(paths);
  const port = ports.graphql;
  const secret = values.HASURA_ADMIN_SECRET;
  if (port === undefined || !secret)
    throw new StackError('config', 'This stack serves no GraphQL of its own.', {
      hint: "Set graphql: 'peakstone' in peakstone.config.ts.",
    });
  return { url: `http://127.0.0.1:${port}`, secret };
}

const noteOf = (note: Adapted): ImportNote => note;

/** Permissions of the metadata decide only where the database does not. */
function authorizationNotes({ metadata }: HasuraProject, values: EnvValues): ImportNote[] {
  const isByDatabase = (values.PEAKSTONE_GRAPHQL_AUTHORIZATION ?? 'rls') === 'rls';
  const has = metadata.sources.some(({ tables }) =>
    tables.some(table => Object.keys(table).some(member => member.endsWith('_permissions'))),
  );
  if (!isByDatabase || !has) return [];
  return [
    {
      kind: 'warning',
      what: 'permissions',
      name: 'of the metadata',
      why: 'they are kept, and do not count: in this stack the database decides, by its grants and policies',
      remedy: 'Set PEAKSTONE_GRAPHQL_AUTHORIZATION=metadata in .env, or write them as policies',
    },
  ];
}

function otherMigrations({ migrations }: HasuraProject, main: string | null): ImportNote[] {
  return [...migrations]
    .filter(([name, list]) => name !== main && list.length > 0)
    .map(([name]) => ({
      kind: 'aside',
      what: 'migrations',
      name,
      why: 'they are of another database than this one',
    }));
}

const parts = [
  ['table', 'tables'],
  ['function', 'functions'],
] as const;
const others = ['actions', 'remote_schemas', 'cron_triggers', 'rest_endpoints', 'inherited_roles'] as const;

function countParts(metadata: HasuraProject['metadata']): Record<string, number> {
  const counts: Record<string, number> = { source: metadata.sources.length };
  for (const [word, member] of parts)
    counts[word] = metadata.sources.reduce((sum, source) => sum + (source[member]?.length ?? 0), 0);
  for (const member of others) {
    const count = (metadata[member] as readonly unknown[] | undefined)?.length ?? 0;
    if (count > 0) counts[member.replaceAll('_', ' ').slice(0, -1)] = count;
  }
  return counts;
}

interface CliState {
  readonly migrations?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
}

async function stateOf(ask: Ask): Promise<CliState> {
  const { cli_state: state } = (await ask('get_catalog_state', {})) as { readonly cli_state?: CliState };
  return state ?? {};
}
