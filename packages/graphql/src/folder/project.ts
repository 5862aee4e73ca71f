/**
 * What a project of the reference holds beside its database: the folder of its CLI, or a server that runs. Its metadata, and
 * which migrations there are or have run.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exportedMetadata, readMetadata } from '../definition/exported.ts';
import { emptyMetadata, type Metadata, type Source } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { asker } from './asker.ts';
import { readFolder } from './read.ts';
import { FolderError } from './sections.ts';
import { readYaml } from './yaml.ts';

export { type Ask, asker } from './asker.ts';
export { FolderError } from './sections.ts';

export interface HasuraProject {
  readonly metadata: Metadata;
  /** By the name of their database, oldest first; empty for a server, which keeps no files. */
  readonly migrations: ReadonlyMap<string, readonly Migration[]>;
  /** What the reference's CLI keeps of the versions that have run; null where that is not known. */
  readonly cliState: unknown;
}

export interface Migration {
  /** Milliseconds, as a rule. */
  readonly version: string;
  readonly name: string;
  readonly sql: string;
}

/** @throws {FolderError} for what is no project, and for a server that does not answer or refuses */
export async function readProject(source: string, secret: string | undefined): Promise<HasuraProject> {
  try {
    return isUrl(source) ? await askProject(source, secret) : readProjectFolder(source);
  } catch (error) {
    if (!(error instanceof HasuraError)) throw error;
    throw new FolderError(`The metadata of ${source} cannot be read: ${error.message}.`, { cause: error });
  }
}

function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

async function askProject(url: string, secret: string | undefined): Promise<HasuraProject> {
  const ask = asker(url, secret);
  const { metadata } = (await ask('export_metadata', {}, 2)) as { readonly metadata: unknown };
  const state = (await ask('get_catalog_state', {})) as { readonly cli_state?: unknown };
  return { metadata: whole(metadata), migrations: new Map(), cliState: state.cli_state ?? null };
}

function whole(metadata: unknown): Metadata {
  return exportedMetadata(readMetadata(metadata, emptyMetadata()));
}

/** With `config.yaml`, or the metadata folder alone. */
function readProjectFolder(folder: string): HasuraProject {
  if (!existsSync(folder)) throw new FolderError(`${folder} does not exist.`);
  if (existsSync(join(folder, 'version.yaml')))
    return { metadata: whole(readFolder(folder)), migrations: new Map(), cliState: null };
  const config = (readYaml(folder, 'config.yaml') ?? {}) as {
    readonly metadata_directory?: string;
    readonly migrations_directory?: string;
  };
  const metadata = join(folder, config.metadata_directory ?? 'metadata');
  if (!existsSync(join(metadata, 'version.yaml')))
    throw new FolderError(
      `${folder} is no Hasura project: ${join(metadata, 'version.yaml')} is missing. Name the folder with config.yaml, or the one with version.yaml.`,
    );
  return {
    metadata: whole(readFolder(metadata)),
    migrations: readMigrations(join(folder, config.migrations_directory ?? 'migrations')),
    cliState: null,
  };
}

/** `migrations/<database>/<version>_<name>/up.sql`; `down.sql` is for who goes back. */
function readMigrations(folder: string): ReadonlyMap<string, readonly Migration[]> {
  if (!existsSync(folder)) return new Map();
  const databases = readdirSync(folder).filter(name => statSync(join(folder, name)).isDirectory());
  return new Map(databases.map(name => [name, migrationsOf(join(folder, name))]));
}

function migrationsOf(folder: string): readonly Migration[] {
  return readdirSync(folder)
    .flatMap((entry): Migration[] => {
      const [, version, name] = /^(\d+)_(.*)$/.exec(entry) ?? [];
      const file = join(folder, entry, 'up.sql');
      return version !== undefined && existsSync(file)
        ? [{ version, name: name!, sql: readFileSync(file, 'utf8') }]
        : [];
    })
    .sort((a, b) => Number(BigInt(a.version) - BigInt(b.version)));
}

/** Something of the metadata that is another thing here. */
export interface Adapted {
  readonly kind: 'aside' | 'changed' | 'warning';
  readonly what: string;
  readonly name: string;
  readonly why: string;
  readonly remedy?: string;
}

/** The metadata for a server whose database is that of one source, which is called as it was. Pure. */
export function adaptMetadata(
  metadata: Metadata,
  env: Readonly<Record<string, string | undefined>>,
): { readonly metadata: Metadata; readonly main: string | null; readonly notes: readonly Adapted[] } {
  const notes: Adapted[] = [];
  const sources: Source[] = [];
  const main = mainSource(metadata);
  for (const source of metadata.sources) {
    if (!isPostgres(source)) {
      notes.push({
        kind: 'aside',
        what: 'source',
        name: source.name,
        why: `it is a database of another kind (${source.kind})`,
      });
    } else if (source.name !== main) sources.push(source);
    else {
      const { read_replicas: replicas, ...configuration } = source.configuration;
      const info = { ...configuration.connection_info, database_url: { from_env: databaseVariable } };
      sources.push({ ...source, configuration: { ...configuration, connection_info: info } });
      notes.push({
        kind: 'changed',
        what: 'source',
        name: source.name,
        why: 'its tables are those of this database now',
      });
      if (replicas)
        notes.push({
          kind: 'aside',
          what: 'read replicas',
          name: source.name,
          why: 'this database has none',
        });
    }
  }
  const adapted: Metadata = { ...metadata, sources };
  for (const name of variablesOf(adapted)) {
    if (env[name] !== undefined || name === databaseVariable) continue;
    notes.push({
      kind: 'warning',
      what: 'variable',
      name,
      why: 'the metadata reads it, and it is not set here',
      remedy: `Add ${name} to .env`,
    });
  }
  return { metadata: adapted, main, notes };
}

const databaseVariable = 'HASURA_GRAPHQL_DATABASE_URL';

function isPostgres({ kind }: Source): boolean {
  return kind === 'postgres' || kind === 'pg';
}

/** `default`, or the only one. */
function mainSource({ sources }: Metadata): string | null {
  const own = sources.filter(isPostgres);
  return (
    (own.find(({ name }) => name === 'default') ?? (own.length === 1 ? own[0] : undefined))?.name ?? null
  );
}

/** Of the environment, wherever they are named. */
function variablesOf(metadata: Metadata): readonly string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === 'string')
      for (const [, name] of value.matchAll(/\{\{\s*([A-Z_][A-Z0-9_]*)\s*\}\}/g)) names.add(name!);
    else if (Array.isArray(value)) value.forEach(walk);
    else if (value !== null && typeof value === 'object')
      for (const [key, member] of Object.entries(value)) {
        if (/(?:^|_)from_env$/.test(key) && typeof member === 'string') names.add(member);
        walk(member);
      }
  };
  walk(metadata);
  return [...names].sort();
}
