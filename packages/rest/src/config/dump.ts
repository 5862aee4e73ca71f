/** The settings as a configuration file, in the reference's order and quoting. */

import { dumpBeyond } from './beyond.ts';
import { dumpRoleClaimKey } from './roleClaim.ts';
import type { ConfiguredName, RestConfig } from './types.ts';

/** What `--dump-config` prints: one line a setting, sorted; those beyond the reference after them, when set. Holds secrets, as the reference's does. Pure. */
export function dumpConfig(config: RestConfig): string {
  const lines = Object.entries(entries(config)).map(([key, value]) => `${key} = ${value}`);
  for (const [key, value] of config.appSettings) lines.push(`${key} = ${quote(value)}`);
  return [...lines.sort(), ...dumpBeyond(config.beyond)].map(line => `${line}\n`).join('');
}

const entries = (config: RestConfig): Readonly<Record<string, string>> => ({
  'admin-server-host': quote(config.adminServerHost),
  'admin-server-port': number(config.adminServerPort),
  'admin-server-unix-socket': quote(config.adminServerUnixSocket),
  'admin-server-unix-socket-mode': octal(config.adminServerUnixSocketMode),
  'client-error-verbosity': quote(config.clientErrorVerbosity),
  'db-aggregates-enabled': String(config.dbAggregatesEnabled),
  'db-anon-role': quote(config.dbAnonRole),
  'db-channel': quote(config.dbChannel),
  'db-channel-enabled': String(config.dbChannelEnabled),
  'db-config': String(config.dbConfig),
  'db-extra-search-path': list(config.dbExtraSearchPath),
  'db-hoisted-tx-settings': list(config.dbHoistedTxSettings),
  'db-max-rows': number(config.dbMaxRows),
  'db-plan-enabled': String(config.dbPlanEnabled),
  'db-pool': String(config.dbPool),
  'db-pool-acquisition-timeout': String(config.dbPoolAcquisitionTimeout),
  'db-pool-automatic-recovery': String(config.dbPoolAutomaticRecovery),
  'db-pool-max-idletime': String(config.dbPoolMaxIdletime),
  'db-pool-max-lifetime': String(config.dbPoolMaxLifetime),
  'db-pre-config': name(config.dbPreConfig),
  'db-pre-request': name(config.dbPreRequest),
  'db-prepared-statements': String(config.dbPreparedStatements),
  'db-root-spec': name(config.dbRootSpec),
  'db-schemas': list(config.dbSchemas),
  'db-tx-end': quote(config.dbTxEnd),
  'db-uri': quote(config.dbUri),
  'jwt-aud': quote(config.jwtAud),
  'jwt-cache-max-entries': String(config.jwtCacheMaxEntries),
  'jwt-role-claim-key': quote(dumpRoleClaimKey(config.jwtRoleClaimKey)),
  'jwt-secret': quote(secret(config)),
  'jwt-secret-is-base64': String(config.jwtSecretIsBase64),
  'log-level': quote(config.logLevel),
  'log-query': String(config.logQuery),
  'openapi-mode': quote(config.openapiMode),
  'openapi-security-active': String(config.openapiSecurityActive),
  'openapi-server-proxy-uri': quote(config.openapiServerProxyUri),
  'server-cors-allowed-origins': list(config.serverCorsAllowedOrigins),
  'server-host': quote(config.serverHost),
  'server-port': String(config.serverPort),
  'server-reuseport': String(config.serverReuseport),
  'server-timing-enabled': String(config.serverTimingEnabled),
  'server-trace-header': quote(config.serverTraceHeader),
  'server-unix-socket': quote(config.serverUnixSocket),
  'server-unix-socket-mode': octal(config.serverUnixSocketMode),
  'url-use-legacy-target-names': String(config.urlUseLegacyTargetNames),
});

const quote = (text: string | null): string =>
  `"${(text ?? '').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const number = (value: number | null): string => (value === null ? '""' : String(value));
const octal = (mode: number): string => quote(mode.toString(8));
const list = (items: readonly string[]): string => quote(items.join(','));
const name = (value: ConfiguredName | null): string =>
  quote(value && (value.schema === '' ? value.name : `${value.schema}.${value.name}`));

function secret({ jwtSecret, jwtSecretIsBase64 }: RestConfig): string {
  return Buffer.from(jwtSecret ?? []).toString(jwtSecretIsBase64 ? 'base64' : 'utf8');
}
