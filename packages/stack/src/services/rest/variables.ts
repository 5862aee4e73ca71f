import { error, type ValueCheck } from '../../checks/check.ts';
import { isPool } from '../../checks/settings.ts';
import { findService } from '../../definition.ts';
import {
  furtherSettings,
  hostVariable,
  imageVariable,
  publishVariable,
  type Variable,
} from '../../variable.ts';
import { mostConnections } from '../postgres/sizing.ts';
import { restDefaults } from './defaults.ts';

const comments: Readonly<Record<keyof typeof restDefaults, string>> = {
  PGRST_CLIENT_ANON_MAX_BODY_BYTES: 'Largest body of a visitor’s request.',
  PGRST_CLIENT_ANON_ROLES: 'Roles of visitors besides the anonymous one.',
  PGRST_CLIENT_ERROR_HINTS_BY_ROLE:
    'Hints name only what the role may use, and refusals say which privilege is missing.',
  PGRST_CLIENT_LOGIN_ROLE_REFUSED: 'No token may name the role that the service logs in as.',
  PGRST_DB_MAX_RESULT_BYTES: 'Largest answer that is taken from the database; 0 sets no limit.',
  PGRST_DB_SAFEUPDATE_ENABLED: 'Refuses PATCH and DELETE without a filter.',
  PGRST_SERVER_CONTENT_LOCATION_MAX_BYTES: 'Longer Content-Location headers are left out.',
  PGRST_URL_MAX_EMBEDS: 'Related tables in one request at most; 0 sets no limit.',
  PGRST_URL_MAX_NODES:
    'Columns, related tables, filters and order terms in one request at most; 0 sets no limit.',
};

/** What an operator may want otherwise of what our REST service does beyond its reference. */
export const restSettings: readonly Variable[] = Object.entries(restDefaults).map(([name, value]) => ({
  name,
  group: 'REST and GraphQL',
  comment: comments[name as keyof typeof restDefaults],
  value,
  optional: true,
}));

const isOurs: ValueCheck = (_value, { stack }) =>
  findService(stack, 'rest')?.engine === 'upstream'
    ? error(
        'PostgREST’s own image is not given it',
        'set it in a Compose file of your own, or let PeakStone serve REST',
      )
    : undefined;

/** The reference's settings, older names too, but for what the container decides itself, and what goes beyond it. */
export const restFurther: readonly Variable[] = furtherSettings(
  [
    'BATCH_MAX_REQUESTS',
    'BATCH_PATH',
    'CLIENT_ERROR_VERBOSITY',
    'DB_AGGREGATES_ENABLED',
    'DB_CHANNEL',
    'DB_CHANNEL_ENABLED',
    'DB_CONFIG',
    'DB_HOISTED_TX_SETTINGS',
    'DB_MAX_ROWS',
    'MAX_ROWS',
    'DB_NESTED_INSERT_ENABLED',
    'DB_PLAN_ENABLED',
    'DB_POOL_ACQUISITION_TIMEOUT',
    'DB_POOL_AUTOMATIC_RECOVERY',
    'DB_POOL_MAX_IDLETIME',
    'DB_POOL_TIMEOUT',
    'DB_POOL_MAX_LIFETIME',
    'DB_PRE_CONFIG',
    'DB_PRE_REQUEST',
    'PRE_REQUEST',
    'DB_PREPARED_STATEMENTS',
    'DB_ROOT_SPEC',
    'ROOT_SPEC',
    'DB_STREAM_ENABLED',
    'DB_TX_END',
    'JWT_AUD',
    'JWT_CACHE_MAX_ENTRIES',
    'JWT_ROLE_CLAIM_KEY',
    'ROLE_CLAIM_KEY',
    'JWT_SECRET_IS_BASE64',
    'SECRET_IS_BASE64',
    'LOG_LEVEL',
    'LOG_QUERY',
    'OPENAPI_MODE',
    'OPENAPI_SECURITY_ACTIVE',
    'SERVER_CORS_ALLOWED_ORIGINS',
    'SERVER_ETAG_ENABLED',
    'SERVER_QUERY_METHOD_ENABLED',
    'SERVER_TIMING_ENABLED',
    'SERVER_TRACE_HEADER',
    'URL_COLUMN_FILTERS_ENABLED',
    'URL_KEYSET_ENABLED',
    'URL_USE_LEGACY_TARGET_NAMES',
  ].map(name => `PGRST_${name}`),
  isOurs,
);

/** What both engines are given, with a default of the stack's. */
const restDecided: readonly Variable[] = [
  ...furtherSettings(['PGRST_DB_ANON_ROLE']),
  ...furtherSettings(['PGRST_DB_POOL'], isPool('rest', mostConnections)),
];

export const restVariables: readonly Variable[] = [
  ...restSettings,
  ...restDecided,
  ...restFurther,
  {
    name: 'PGRST_DB_EXTRA_SEARCH_PATH',
    group: 'REST and GraphQL',
    comment:
      'Where statements of the REST API find names besides the schema of the request; extensions is always added.',
    value: 'public',
    optional: true,
  },
  hostVariable('DOMAIN_API', 'REST', 'api.example.com'),
  publishVariable('PUBLISH_REST', '127.0.0.1:3000'),
  imageVariable('POSTGREST_IMAGE'),
];
