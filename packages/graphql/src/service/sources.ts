/** Pools of the sources, by the URLs that their metadata gives. */
import { connectClient, createPool, createTurns, type Pool } from '@peakstone/kernel/pg';
import { noRoleConfig, type RoleConfig, readRoleConfig } from '@peakstone/kernel/request';
import { loadSourceCatalog } from '../catalog/load.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { type DatabaseUrl, type Metadata, qualify, type Source } from '../definition/metadata.ts';
import type { Database } from '../engine/database.ts';
import { HasuraError } from '../errors.ts';
import type { CatalogResult } from '../model/build.ts';

export interface Sources {
  /** @throws {HasuraError} for a source that is not there */
  database(name: string): Database;
  /** Its pool. @throws {HasuraError} */
  pool(name: string): Pool;
  /** Opens what is new in the metadata, and reads what its databases hold. */
  read(metadata: Metadata, only?: string): Promise<ReadonlyMap<string, CatalogResult>>;
  /** Closes what is no longer in the metadata: once that is in force. */
  prune(metadata: Metadata): void;
  /** Of all that are open. */
  urls(): readonly string[];
  close(graceMs?: number): Promise<void>;
}

interface Open extends Database {
  readonly url: string;
  roles: RoleConfig;
}

const parameters = { application_name: 'peakstone graphql' };

/** Below this size a separate lane for short reads would starve everything else. */
const minSizeForSharedLane = 4;

export function createSources(config: GraphqlConfig): Sources {
  const open = new Map<string, Open>();

  const openSource = (source: Source): Open => {
    const url = urlOf(source.configuration.connection_info.database_url, config);
    const known = open.get(source.name);
    if (known?.url === url) return known;
    void known?.pool.close();
    const settings = source.configuration.connection_info.pool_settings;
    const size = settings?.max_connections ?? config.pool.connections;
    const sharedSize = size < minSizeForSharedLane ? 0 : 2;
    const acquireTimeoutMs = Math.max(1, config.pool.acquireTimeoutMs);
    const pool = createPool({
      url,
      size,
      sharedSize,
      acquireTimeoutMs,
      maxIdleMs: Math.max(1000, config.pool.idleTimeoutMs),
      maxLifetimeMs: Math.max(1000, config.pool.connectionLifetimeMs),
      isolated: true,
      maxResultBytes: config.limits.maxAnswerBytes,
      ...(config.pool.usePreparedStatements ? {} : { statementCacheSize: 0 }),
      parameters,
    });
    const turns = createTurns(Math.max(1, Math.floor((size - sharedSize) / 2)), acquireTimeoutMs);
    const connect = () => connectClient({ url, parameters });
    const opened: Open = { url, pool, connect, turns, roles: noRoleConfig };
    open.set(source.name, opened);
    return opened;
  };

  const readSource = async (source: Source): Promise<CatalogResult> => {
    const opened = openSource(source);
    const enums = source.tables.filter(table => table.is_enum).map(table => qualify(table.table));
    const [catalog, roles] = await Promise.all([
      loadSourceCatalog(opened.pool, enums),
      config.authorization === 'rls' ? readRoleConfig(opened.pool) : noRoleConfig,
    ]);
    opened.roles = roles;
    return catalog;
  };

  const database = (name: string): Database => {
    const found = open.get(name);
    if (!found) throw new HasuraError('not-exists', `source with name "${name}" does not exist`);
    return found;
  };

  return {
    database,
    pool: name => database(name).pool,
    async read(metadata, only) {
      const wanted = metadata.sources.filter(({ name }) => only === undefined || name === only);
      return new Map(
        await Promise.all(
          wanted.map(async (source): Promise<readonly [string, CatalogResult]> => {
            try {
              return [source.name, await readSource(source)];
            } catch (error) {
              const { message } = error as Error;
              return [
                source.name,
                error instanceof HasuraError
                  ? { failure: message }
                  : { failure: 'connection error', message },
              ];
            }
          }),
        ),
      );
    },
    prune(metadata) {
      const names = new Set(metadata.sources.map(({ name }) => name));
      for (const [name, { pool }] of open) {
        if (names.has(name)) continue;
        open.delete(name);
        void pool.close();
      }
    },
    urls: () => [...new Set([...open.values()].map(({ url }) => url))],
    async close(graceMs) {
      await Promise.all([...open.values()].map(({ pool }) => pool.close(graceMs)));
    },
  };
}

/** @throws {HasuraError} for what the environment does not hold */
function urlOf(given: DatabaseUrl, { env, databaseUrl }: GraphqlConfig): string {
  if (typeof given === 'string') return given;
  if ('from_env' in given) {
    const url =
      given.from_env === 'HASURA_GRAPHQL_DATABASE_URL' ? (databaseUrl ?? undefined) : env[given.from_env];
    if (!url)
      throw new HasuraError('invalid-configuration', `environment variable '${given.from_env}' not set`);
    return url;
  }
  if ('connection_parameters' in given) {
    const { username, password, host, port, database } = given.connection_parameters as Record<
      string,
      string | number
    >;
    const login = `${encodeURIComponent(String(username))}${password === undefined ? '' : `:${encodeURIComponent(String(password))}`}`;
    return `postgresql://${login}@${host}:${port}/${encodeURIComponent(String(database))}`;
  }
  throw new HasuraError('not-supported', 'connection URLs from files are not supported');
}
