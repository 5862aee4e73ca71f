/**
 * Reads `HASURA_GRAPHQL_*` as the reference does.
 * @see https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/
 */
import { usualHost } from '@peakstone/kernel/alone';
import { ConfigError, readEnum, readInt, readList, readPort, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { readAuth } from './auth.ts';
import { readFlag } from './flag.ts';
import { metadataEnv } from './metadataEnv.ts';
import { readRequestLogin } from './requestLogin.ts';
import type { EnabledApi, GraphqlConfig } from './types.ts';

const prefix = 'HASURA_GRAPHQL_';
const apis: ReadonlySet<string> = new Set([
  'graphql',
  'metadata',
  'pgdump',
  'config',
  'developer',
  'metrics',
]);

/** @throws {ConfigError} that names the variable and the shape it expects. Pure. */
export function parseConfig(env: Env): GraphqlConfig {
  const text = <Default>(name: string, fallback: Default) =>
    readString(env, prefix + name, { default: fallback });
  const flag = (name: string, fallback: boolean) => readFlag(env, prefix + name, fallback);
  const int = (name: string, fallback: number, max?: number) =>
    readInt(env, prefix + name, { default: fallback, min: 0, ...(max !== undefined && { max }) });
  const own = (name: string, fallback: number) =>
    readInt(env, `PEAKSTONE_GRAPHQL_${name}`, { default: fallback, min: 1 });
  const list = (name: string, fallback: readonly string[]) =>
    readList(env, prefix + name, { default: fallback });
  const databaseUrl = text('DATABASE_URL', null);
  const devMode = flag('DEV_MODE', false);
  const authorization: GraphqlConfig['authorization'] = readEnum(
    env,
    'PEAKSTONE_GRAPHQL_AUTHORIZATION',
    ['metadata', 'rls'],
    { default: 'metadata' },
  );
  const auth = readAuth(env, authorization);
  const requestLogin = readRequestLogin(env);
  const metadataDatabaseUrl = text('METADATA_DATABASE_URL', databaseUrl);
  const metricsSecret = text('METRICS_SECRET', null);
  const host = text('SERVER_HOST', usualHost({ isSet: auth.adminSecrets.length > 0 }));
  return {
    host: host === '*' ? '0.0.0.0' : host,
    port: readPort(env, `${prefix}SERVER_PORT`, { default: 8080 }),
    databaseUrl,
    metadataDatabaseUrl,
    needsMetadataStore: authorization === 'metadata' || Boolean(env.HASURA_GRAPHQL_METADATA_DATABASE_URL),
    requestLogin,
    pool: {
      connections: readInt(env, `${prefix}PG_CONNECTIONS`, { default: 50, min: 1, max: 10_000 }),
      idleTimeoutMs: 1000 * int('PG_TIMEOUT', 180),
      acquireTimeoutMs: 1000 * int('PG_POOL_TIMEOUT', 10),
      connectionLifetimeMs: 1000 * int('PG_CONN_LIFETIME', 600),
      usePreparedStatements: flag('USE_PREPARED_STATEMENTS', true),
    },
    auth,
    cors: { disabled: flag('DISABLE_CORS', false), domains: list('CORS_DOMAIN', ['*']) },
    enabledApis: apisOf(list('ENABLED_APIS', ['metadata', 'graphql', 'pgdump', 'config'])),
    enableConsole: flag('ENABLE_CONSOLE', false),
    logTypes: new Set(
      list('ENABLED_LOG_TYPES', ['startup', 'http-log', 'webhook-log', 'websocket-log', 'jwk-refresh-log']),
    ),
    logLevel: readEnum(env, `${prefix}LOG_LEVEL`, ['debug', 'info', 'warn', 'error'], { default: 'info' }),
    stringifyNumericTypes: flag('STRINGIFY_NUMERIC_TYPES', false),
    booleanNullCollapse: flag('V1_BOOLEAN_NULL_COLLAPSE', false),
    enableAllowlist: flag('ENABLE_ALLOWLIST', false),
    enableRemoteSchemaPermissions: flag('ENABLE_REMOTE_SCHEMA_PERMISSIONS', false),
    inferFunctionPermissions: flag('INFER_FUNCTION_PERMISSIONS', true),
    devMode,
    metricsSecret,
    adminInternalErrors: flag('ADMIN_INTERNAL_ERRORS', true),
    liveQueries: {
      refetchIntervalMs: int('LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL', 1000),
      batchSize: int('LIVE_QUERIES_MULTIPLEXED_BATCH_SIZE', 100),
    },
    streamingQueries: {
      refetchIntervalMs: int('STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL', 1000),
      batchSize: int('STREAMING_QUERIES_MULTIPLEXED_BATCH_SIZE', 100),
    },
    websocket: {
      keepAliveMs: 1000 * int('WEBSOCKET_KEEPALIVE', 5),
      connectionInitTimeoutMs: 1000 * int('WEBSOCKET_CONNECTION_INIT_TIMEOUT', 3),
      closeOnMetadataChange: flag('CLOSE_WEBSOCKETS_ON_METADATA_CHANGE', true),
      readCookie: flag('WS_READ_COOKIE', false),
      maxSockets: own('MAX_WEBSOCKETS', 20_000),
      maxFrameBytes: own('MAX_FRAME_BYTES', 1024 * 1024),
      maxOperations: own('MAX_OPERATIONS_PER_WEBSOCKET', 1000),
      maxWaitingBytes: own('MAX_WAITING_BYTES', 16 * 1024 * 1024),
    },
    liveShares: {
      all: {
        count: own('MAX_SUBSCRIPTIONS', 100_000),
        maxBytes: own('MAX_SUBSCRIPTION_BYTES', 512 * 1024 * 1024),
      },
      user: {
        count: own('MAX_USER_SUBSCRIPTIONS', 5000),
        maxBytes: own('MAX_USER_SUBSCRIPTION_BYTES', 32 * 1024 * 1024),
      },
      visitor: {
        count: own('MAX_VISITOR_SUBSCRIPTIONS', 1000),
        maxBytes: own('MAX_VISITOR_SUBSCRIPTION_BYTES', 8 * 1024 * 1024),
      },
    },
    experimentalFeatures: featuresOf(env, list('EXPERIMENTAL_FEATURES', [])),
    events: {
      httpPoolSize: Math.max(1, int('EVENTS_HTTP_POOL_SIZE', 100)),
      fetchIntervalMs: Math.max(1, int('EVENTS_FETCH_INTERVAL', 1000)),
      fetchBatchSize: int('EVENTS_FETCH_BATCH_SIZE', 100, 10_000),
    },
    asyncActionsFetchMs: int('ASYNC_ACTIONS_FETCH_INTERVAL', 1000),
    webhooks: { maxResponseBytes: own('MAX_WEBHOOK_RESPONSE_BYTES', 64 * 1024 * 1024) },
    gracefulShutdownMs: 1000 * int('GRACEFUL_SHUTDOWN_TIMEOUT', 60),
    defaultNamingConvention: readEnum(
      env,
      `${prefix}DEFAULT_NAMING_CONVENTION`,
      ['hasura-default', 'graphql-default'],
      {
        default: 'hasura-default',
      },
    ),
    readOnly: flag('ENABLE_MAINTENANCE_MODE', false),
    schemaSyncPollMs: int('SCHEMA_SYNC_POLL_INTERVAL', 1000),
    authorization,
    schemas: readSchemas(env.PEAKSTONE_GRAPHQL_SCHEMAS),
    env: metadataEnv(env, [
      ...auth.adminSecrets,
      ...auth.jwt.flatMap(({ key }) => key ?? []),
      ...[databaseUrl, metadataDatabaseUrl].flatMap(url => (url === null ? [] : [url, ...passwordOf(url)])),
      ...[metricsSecret, requestLogin?.password].filter(secret => typeof secret === 'string'),
    ]),
    databaseEnv: env,
    prioritizesRemoteData: env.HASURA_GRAPHQL_REMOTE_SCHEMA_PRIORITIZE_DATA === 'true',
    allowsNullVariables: env.HASURA_GRAPHQL_BACKWARDS_COMPAT_NULL_IN_NONNULLABLE_VARIABLES === 'true',
    cache: {
      maxBytes: 1024 * 1024 * int('MAX_CACHE_SIZE', 32),
      maxSeconds: int('CACHE_MAX_ENTRY_TTL', 3600),
    },
    limits: {
      maxDepth: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_DEPTH', { default: 64, min: 1, max: 200 }),
      maxFields: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_FIELDS', { default: 10_000, min: 1, max: 100_000 }),
      maxNodes: null,
      maxTokens: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_TOKENS', { default: 20_000, min: 100 }),
      maxQueryLength: own('MAX_QUERY_LENGTH', 1024 * 1024),
      maxUserBodyBytes: own('MAX_USER_BODY_BYTES', 16 * 1024 * 1024),
      maxVisitorBodyBytes: own('MAX_VISITOR_BODY_BYTES', 1024 * 1024),
      maxValues: own('MAX_VALUES', 100_000),
      maxVisitorValues: own('MAX_VISITOR_VALUES', 5000),
      maxBatch: own('MAX_BATCH', 100),
      // PostgreSQL takes no more columns than 1,664.
      maxRootFields: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_ROOT_FIELDS', { default: 500, min: 1, max: 1600 }),
      maxAnswerBytes: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES', {
        default: 128 * 1024 * 1024,
        min: 1024,
      }),
      maxBodyBytes: readInt(env, 'PEAKSTONE_GRAPHQL_MAX_BODY_BYTES', {
        default: 64 * 1024 * 1024,
        min: 1024,
      }),
    },
  };
}

/** Those named, and what has a setting of its own by now, which counts for more. */
function featuresOf(env: Env, names: readonly string[]): ReadonlySet<string> {
  const features = new Set(names);
  if (readFlag(env, `${prefix}ENABLE_APOLLO_FEDERATION`, features.has('apollo_federation')))
    features.add('apollo_federation');
  else features.delete('apollo_federation');
  return features;
}

function apisOf(names: readonly string[]): ReadonlySet<EnabledApi> {
  const wrong = names.find(name => !apis.has(name));
  if (wrong !== undefined)
    throw new ConfigError(`${prefix}ENABLED_APIS`, `a list of ${[...apis].join(', ')}`, { got: wrong });
  return new Set(names as readonly EnabledApi[]);
}

/** Of a URL, none or one. */
function passwordOf(url: string): readonly string[] {
  const { password } = URL.parse(url) ?? { password: '' };
  if (password === '') return [];
  try {
    return [decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Separated by commas; null where none is named. */
function readSchemas(text: string | undefined): readonly string[] | null {
  const names = (text ?? '').split(',').map(name => name.trim());
  return names.some(name => name !== '') ? names.filter(name => name !== '') : null;
}
