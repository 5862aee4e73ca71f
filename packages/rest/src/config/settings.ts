/** Raw sources to typed settings, with the reference's names, aliases, defaults and messages. */

import { noRoleConfig, type RoleConfig } from '@peakstone/kernel/request';
import { parseBeyond } from './beyond.ts';
import { ConfigError } from './error.ts';
import { type ConfigSources, coerceText, Lookup, splitOnCommas } from './lookup.ts';
import { parseProxyUri } from './proxyUri.ts';
import { parseRoleClaimKey } from './roleClaim.ts';
import { type ConfiguredName, defaultConfig, type RestConfig } from './types.ts';

/** Settings as written: the secret may still name a file or be base64, `dbUri` may name a file. */
export type UnresolvedConfig = Omit<RestConfig, 'jwtSecret'> & { readonly jwtSecret: string | null };

const checkConfiguration = (what: string): string => `Invalid ${what}. Check your configuration.`;

/**
 * Pure.
 * @throws {ConfigError} naming the setting and what it admits.
 * @see https://docs.postgrest.org/en/stable/references/configuration.html
 */
export function parseSettings(sources: ConfigSources, roles: RoleConfig = noRoleConfig): UnresolvedConfig {
  const from = new Lookup(sources);
  const d = defaultConfig;
  const serverPort = from.int('server-port') ?? d.serverPort;
  return {
    appSettings: readAppSettings(sources),
    clientErrorVerbosity:
      from.choice(
        'client-error-verbosity',
        ['verbose', 'minimal'],
        checkConfiguration('client-error-verbosity'),
      ) ?? d.clientErrorVerbosity,
    dbAggregatesEnabled: from.bool('db-aggregates-enabled') ?? d.dbAggregatesEnabled,
    dbAnonRole: from.text('db-anon-role') ?? null,
    dbChannel: from.text('db-channel') ?? d.dbChannel,
    dbChannelEnabled: from.bool('db-channel-enabled') ?? d.dbChannelEnabled,
    dbConfig: from.bool('db-config') ?? d.dbConfig,
    dbExtraSearchPath: readSearchPath(from),
    dbHoistedTxSettings: from.list('db-hoisted-tx-settings') ?? d.dbHoistedTxSettings,
    dbMaxRows: from.int('db-max-rows', 'max-rows') ?? null,
    dbPlanEnabled: from.bool('db-plan-enabled') ?? d.dbPlanEnabled,
    dbPool: from.int('db-pool') ?? d.dbPool,
    dbPoolAcquisitionTimeout: from.int('db-pool-acquisition-timeout') ?? d.dbPoolAcquisitionTimeout,
    dbPoolAutomaticRecovery: from.bool('db-pool-automatic-recovery') ?? d.dbPoolAutomaticRecovery,
    dbPoolMaxIdletime: from.int('db-pool-timeout', 'db-pool-max-idletime') ?? d.dbPoolMaxIdletime,
    dbPoolMaxLifetime: from.int('db-pool-max-lifetime') ?? d.dbPoolMaxLifetime,
    dbPreConfig: parseName(from.text('db-pre-config')),
    dbPreRequest: parseName(from.text('db-pre-request', 'pre-request')),
    dbPreparedStatements: from.bool('db-prepared-statements') ?? d.dbPreparedStatements,
    dbRootSpec: parseName(from.text('db-root-spec', 'root-spec')),
    dbSchemas: readSchemas(from),
    dbTxEnd:
      from.choice(
        'db-tx-end',
        ['commit', 'commit-allow-override', 'rollback', 'rollback-allow-override'],
        checkConfiguration('transaction termination'),
      ) ?? d.dbTxEnd,
    dbUri: from.text('db-uri') ?? d.dbUri,
    jwtAud: readAudience(from),
    jwtCacheMaxEntries: from.int('jwt-cache-max-entries') ?? d.jwtCacheMaxEntries,
    jwtRoleClaimKey: readRoleClaimKey(from),
    jwtSecret: from.text('jwt-secret') ?? null,
    jwtSecretIsBase64: from.bool('jwt-secret-is-base64', 'secret-is-base64') ?? d.jwtSecretIsBase64,
    logLevel:
      from.choice(
        'log-level',
        ['crit', 'error', 'warn', 'info', 'debug'],
        checkConfiguration('logging level'),
      ) ?? d.logLevel,
    // PostgREST 13 had names for what is logged, of which this is one.
    logQuery: from.bool('log-query') ?? (from.text('log-query') === 'main-query' || d.logQuery),
    openapiMode:
      from.choice(
        'openapi-mode',
        ['follow-privileges', 'ignore-privileges', 'disabled'],
        checkConfiguration('openapi-mode'),
      ) ?? d.openapiMode,
    openapiSecurityActive: from.bool('openapi-security-active') ?? d.openapiSecurityActive,
    openapiServerProxyUri: readProxyUri(from),
    serverCorsAllowedOrigins: from.list('server-cors-allowed-origins') ?? d.serverCorsAllowedOrigins,
    serverHost: from.text('server-host') ?? d.serverHost,
    serverPort,
    serverReuseport: from.bool('server-reuseport') ?? d.serverReuseport,
    serverTimingEnabled: from.bool('server-timing-enabled') ?? d.serverTimingEnabled,
    serverTraceHeader: from.text('server-trace-header') ?? null,
    serverUnixSocket: from.text('server-unix-socket') ?? null,
    serverUnixSocketMode: readSocketMode(from, 'server-unix-socket-mode'),
    adminServerHost: from.text('admin-server-host', 'server-host') ?? d.adminServerHost,
    adminServerPort: readAdminPort(from, serverPort),
    adminServerUnixSocket: from.text('admin-server-unix-socket') ?? null,
    adminServerUnixSocketMode: readSocketMode(from, 'admin-server-unix-socket-mode'),
    urlUseLegacyTargetNames: from.bool('url-use-legacy-target-names') ?? d.urlUseLegacyTargetNames,
    beyond: parseBeyond(from),
    roleSettings: roles.settings,
    roleIsolationLevels: roles.isolationLevels,
  };
}

const appSettingsPrefix = 'app.settings.';
const appSettingsEnvPrefix = 'PGRST_APP_SETTINGS_';

function readAppSettings({ file, env }: ConfigSources): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const [key, value] of file)
    if (key.startsWith(appSettingsPrefix)) settings.set(key, coerceText(value));
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(appSettingsEnvPrefix) && value !== undefined) {
      settings.set(appSettingsPrefix + name.slice(appSettingsEnvPrefix.length), value);
    }
  }
  return new Map([...settings].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readSearchPath(from: Lookup): readonly string[] {
  const value = from.textOrEmpty('db-extra-search-path');
  return value === undefined ? defaultConfig.dbExtraSearchPath : value === '' ? [] : splitOnCommas(value);
}

function readSchemas(from: Lookup): readonly string[] {
  const schemas = from.list('db-schemas', 'db-schema') ?? defaultConfig.dbSchemas;
  for (const restricted of ['pg_catalog', 'information_schema']) {
    if (schemas.includes(restricted)) {
      throw new ConfigError(`db-schemas does not allow schema: '${restricted}'`);
    }
  }
  return schemas;
}

/** `schema.name`, or a bare name for the search path to find. */
function parseName(text: string | undefined): ConfiguredName | null {
  if (text === undefined) return null;
  const dot = text.indexOf('.');
  return dot < 0 ? { schema: '', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}

function readAudience(from: Lookup): string | null {
  const audience = from.text('jwt-aud');
  if (audience === undefined) return null;
  if (audience.includes(':') && !isUri(audience)) {
    throw new ConfigError('jwt-aud should be a string or a valid URI');
  }
  return audience;
}

/** @see https://www.rfc-editor.org/rfc/rfc3986#appendix-A */
const isUri = (text: string): boolean =>
  /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$/.test(text);

function readRoleClaimKey(from: Lookup): string {
  const key = from.text('jwt-role-claim-key', 'role-claim-key') ?? defaultConfig.jwtRoleClaimKey;
  parseRoleClaimKey(key);
  return key;
}

function readProxyUri(from: Lookup): string | null {
  const uri = from.text('openapi-server-proxy-uri');
  if (uri === undefined) return null;
  if (parseProxyUri(uri) === null) {
    throw new ConfigError('Malformed proxy uri, a correct example: https://example.com:8443/basePath');
  }
  return uri;
}

function readSocketMode(from: Lookup, key: string): number {
  const text = from.text(key);
  if (text === undefined) return 0o660;
  const digits = /^[0-7]+/.exec(text)?.[0];
  if (digits === undefined) throw new ConfigError(`Invalid ${key}: not an octal`);
  const mode = Number.parseInt(digits, 8);
  if (mode < 0o600 || mode > 0o777) throw new ConfigError(`Invalid ${key}: needs to be between 600 and 777`);
  return mode;
}

function readAdminPort(from: Lookup, serverPort: number): number | null {
  const port = from.int('admin-server-port') ?? null;
  if (port === serverPort) throw new ConfigError('admin-server-port cannot be the same as server-port');
  return port;
}
