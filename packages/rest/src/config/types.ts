/**
 * Every setting, as plain data. Names are the reference's in camel case; seconds and counts as the reference defines them.
 * @see https://docs.postgrest.org/en/stable/references/configuration.html
 */
import type { IsolationLevel } from '@peakstone/kernel/request';
import { type BeyondConfig, defaultBeyond } from './beyond.ts';

export type LogLevel = 'crit' | 'error' | 'warn' | 'info' | 'debug';
export type OpenApiMode = 'follow-privileges' | 'ignore-privileges' | 'disabled';
export type TxEnd = 'commit' | 'commit-allow-override' | 'rollback' | 'rollback-allow-override';

/** A function named by a setting; `schema` is empty when the name was not qualified. */
export interface ConfiguredName {
  readonly schema: string;
  readonly name: string;
}

export interface RestConfig {
  /** `app.settings.*` by full name, as set in every transaction, sorted by name. */
  readonly appSettings: ReadonlyMap<string, string>;
  readonly clientErrorVerbosity: 'verbose' | 'minimal';
  readonly dbAggregatesEnabled: boolean;
  /** Null refuses requests without a token (PGRST302). */
  readonly dbAnonRole: string | null;
  readonly dbChannel: string;
  readonly dbChannelEnabled: boolean;
  /** Whether settings are also read from the database. */
  readonly dbConfig: boolean;
  readonly dbExtraSearchPath: readonly string[];
  /** Function settings raised to the whole transaction. */
  readonly dbHoistedTxSettings: readonly string[];
  readonly dbMaxRows: number | null;
  readonly dbPlanEnabled: boolean;
  /** Connections. */
  readonly dbPool: number;
  /** Seconds. */
  readonly dbPoolAcquisitionTimeout: number;
  readonly dbPoolAutomaticRecovery: boolean;
  /** Seconds. */
  readonly dbPoolMaxIdletime: number;
  /** Seconds. */
  readonly dbPoolMaxLifetime: number;
  readonly dbPreConfig: ConfiguredName | null;
  readonly dbPreRequest: ConfiguredName | null;
  readonly dbPreparedStatements: boolean;
  readonly dbRootSpec: ConfiguredName | null;
  /** Never empty; the first is the default schema. */
  readonly dbSchemas: readonly string[];
  readonly dbTxEnd: TxEnd;
  /** libpq URI or keyword string. Holds a password: never logged. */
  readonly dbUri: string;
  /** A string or URI that `aud` must hold. */
  readonly jwtAud: string | null;
  /** Tokens; 0 turns the cache off. */
  readonly jwtCacheMaxEntries: number;
  /** RFC 9535 JSONPath, or the older JSPath. */
  readonly jwtRoleClaimKey: string;
  /** The decoded secret, JWK or JWKS. Never logged. */
  readonly jwtSecret: Uint8Array | null;
  readonly jwtSecretIsBase64: boolean;
  readonly logLevel: LogLevel;
  readonly logQuery: boolean;
  readonly openapiMode: OpenApiMode;
  readonly openapiSecurityActive: boolean;
  readonly openapiServerProxyUri: string | null;
  /** Empty allows every origin. */
  readonly serverCorsAllowedOrigins: readonly string[];
  /** `!4` any, preferring IPv4; `*4`, `*6`, `*`, `!6`; or an address. */
  readonly serverHost: string;
  readonly serverPort: number;
  readonly serverReuseport: boolean;
  readonly serverTimingEnabled: boolean;
  /** As written; compared without case. */
  readonly serverTraceHeader: string | null;
  readonly serverUnixSocket: string | null;
  /** File mode, such as 0o660. */
  readonly serverUnixSocketMode: number;
  readonly adminServerHost: string;
  readonly adminServerPort: number | null;
  readonly adminServerUnixSocket: string | null;
  /** File mode. */
  readonly adminServerUnixSocketMode: number;
  readonly urlUseLegacyTargetNames: boolean;
  /** What goes beyond the reference. */
  readonly beyond: BeyondConfig;
  /** From the database: settings of each role that apply per request (`ALTER ROLE … SET`), by role, then name. */
  readonly roleSettings: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** From the database: `default_transaction_isolation` of each role. */
  readonly roleIsolationLevels: ReadonlyMap<string, IsolationLevel>;
}

/** What the reference does with an empty configuration. */
export const defaultConfig: RestConfig = {
  appSettings: new Map(),
  clientErrorVerbosity: 'verbose',
  dbAggregatesEnabled: false,
  dbAnonRole: null,
  dbChannel: 'pgrst',
  dbChannelEnabled: true,
  dbConfig: true,
  dbExtraSearchPath: ['public'],
  dbHoistedTxSettings: [
    'statement_timeout',
    'plan_filter.statement_cost_limit',
    'default_transaction_isolation',
  ],
  dbMaxRows: null,
  dbPlanEnabled: false,
  dbPool: 10,
  dbPoolAcquisitionTimeout: 10,
  dbPoolAutomaticRecovery: true,
  dbPoolMaxIdletime: 30,
  dbPoolMaxLifetime: 1800,
  dbPreConfig: null,
  dbPreRequest: null,
  dbPreparedStatements: true,
  dbRootSpec: null,
  dbSchemas: ['public'],
  dbTxEnd: 'commit',
  dbUri: 'postgresql://',
  jwtAud: null,
  jwtCacheMaxEntries: 1000,
  jwtRoleClaimKey: '$.role',
  jwtSecret: null,
  jwtSecretIsBase64: false,
  logLevel: 'error',
  logQuery: false,
  openapiMode: 'follow-privileges',
  openapiSecurityActive: false,
  openapiServerProxyUri: null,
  serverCorsAllowedOrigins: [],
  serverHost: '!4',
  serverPort: 3000,
  serverReuseport: false,
  serverTimingEnabled: false,
  serverTraceHeader: null,
  serverUnixSocket: null,
  serverUnixSocketMode: 0o660,
  adminServerHost: '!4',
  adminServerPort: null,
  adminServerUnixSocket: null,
  adminServerUnixSocketMode: 0o660,
  urlUseLegacyTargetNames: true,
  beyond: defaultBeyond,
  roleSettings: new Map(),
  roleIsolationLevels: new Map(),
};

/** Whether `Prefer: tx=` is honoured. */
export const allowsTxOverride = (config: RestConfig): boolean => config.dbTxEnd.endsWith('-allow-override');

/** Whether transactions roll back unless overridden. */
export const rollsBackByDefault = (config: RestConfig): boolean => config.dbTxEnd.startsWith('rollback');
