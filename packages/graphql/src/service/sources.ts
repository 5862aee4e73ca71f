/** Pools of the sources, by the URLs that their metadata gives. */
import {
  connectClient,
  createPool,
  createTurns,
  type Pool,
  parseConninfo,
  withLogin,
} from '@peakstone/kernel/pg';
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

/** Users' requests have a pool of their own only where they log in as somebody else. */
const poolsOf = ({ pool, requests }: Database): readonly Pool[] => [...new Set([pool, requests])];

const parameters = { application_name: 'peakstone graphql' };

/** Below this size a separate lane for short reads would starve everything else. */
const minSizeForSharedLane = 4;

export function createSources(config: GraphqlConfig): Sources {
  const open = new Map<string, Open>();

  const openSource = (source: Source): Open => {
    const url = urlOf(source.configuration.connection_info.database_url, config);
    const known = open.get(source.name);
    if (known?.url === url) return known;
    for (const pool of known ? poolsOf(known) : []) void pool.close();
    const settings = source.configuration.connection_info.pool_settings;
    const size = settings?.max_connections ?? config.pool.connections;
    const sharedSize = size < minSizeForSharedLane ? 0 : 2;
    const acquireTimeoutMs = Math.max(1, config.pool.acquireTimeoutMs);
    const options = {
      size,
      sharedSize,
      acquireTimeoutMs,
      maxIdleMs: Math.max(1000, config.pool.idleTimeoutMs),
      maxLifetimeMs: Math.max(1000, config.pool.connectionLifetimeMs),
      isolated: true,
      maxResultBytes: config.limits.maxAnswerBytes,
      ...(config.pool.usePreparedStatements ? {} : { statementCacheSize: 0 }),
      parameters,
    };
    const pool = createPool({ ...options, url });
    const requestUrl = requestUrlOf(url, config);
    const requests = requestUrl === url ? pool : createPool({ ...options, url: requestUrl });
    const turns = createTurns(Math.max(1, Math.floor((size - sharedSize) / 2)), acquireTimeoutMs);
    const connect = () => connectClient({ url, parameters });
    const opened: Open = { url, pool, requests, connect, turns, roles: noRoleConfig };
    open.set(source.name, opened);
    return opened;
  };

  const readSource = async (source: Source): Promise<CatalogResult> => {
    const opened = openSource(source);
    const enums = source.tables.filter(table => table.is_enum).map(table => qualify(table.table));
    const [catalog, roles] = await Promise.all([
      loadSourceCatalog(opened.pool, enums, { runsPolicies: config.authorization === 'metadata' }),
      config.authorization === 'rls' ? readRoleConfig(opened.requests) : noRoleConfig,
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
      for (const [name, opened] of open) {
        if (names.has(name)) continue;
        open.delete(name);
        for (const pool of poolsOf(opened)) void pool.close();
      }
    },
    urls: () => [...new Set([...open.values()].map(({ url }) => url))],
    async close(graceMs) {
      await Promise.all([...open.values()].flatMap(poolsOf).map(pool => pool.close(graceMs)));
    },
  };
}

/**
 * Where the database decides, whatever a user's request sets off (functions, triggers, policies of whoever may make them) can
 * go back from the request's role to the login of its session: so that is one to which nothing belongs. It is of the database of the
 * settings; a source in another has the login of its URL.
 * @throws {ConnectionError}
 */
function requestUrlOf(url: string, { authorization, databaseUrl, requestLogin }: GraphqlConfig): string {
  if (authorization !== 'rls' || requestLogin === null || databaseUrl === null) return url;
  return placeOf(url) === placeOf(databaseUrl)
    ? withLogin(url, requestLogin.role, requestLogin.password)
    : url;
}

function placeOf(url: string): string {
  const { hosts, database } = parseConninfo(url);
  return JSON.stringify([hosts, database]);
}

/** @throws {HasuraError} for what the environment does not hold */
function urlOf(given: DatabaseUrl, { databaseEnv: env, databaseUrl }: GraphqlConfig): string {
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
