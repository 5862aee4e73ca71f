/**
 * Every variable of `.env`, as data: what `.env.example`, the `.env` that a first start makes, the Dokploy template's
 * generated secrets and the doctors are made from. Names are the original stack's.
 */
import type { EnvVariable } from '@peakstone/database';

/**
 * `value` and `comment` are a deployment's, as `.env.example` has them; `optional` ones have a default in the rendered
 * files. `generate` also says the least length of a secret that is not weak.
 */
export interface Variable extends EnvVariable {
  /** The services that cannot start without it. */
  readonly requiredBy: readonly string[];
  /**
   * What is different in the `.env` that the first start makes: it must run here as it is. An `optional` variable is
   * mentioned there only when it has this.
   */
  readonly local?: Partial<Pick<EnvVariable, 'value' | 'comment' | 'optional'>>;
}

const database = 'PostgreSQL';
const roles = 'Database roles of the services';
const api = 'REST and GraphQL';
const pooler = 'Pooler';
const storage = 'Object storage';
const images = 'Images';
const admin = 'Database admin (pgAdmin)';
const logging = 'Logging';
const domains = 'Public hosts';
const migrations = 'Migrations';
const deployment = 'Deployment';
const ports = 'Local addresses (docker-compose.local.yml)';
const pins = 'Images (pinned in docker-compose.yml; set to use another)';

/** 32 characters. */
const password = { kind: 'urlSafe', bytes: 24 } as const;
const key = { kind: 'hex', bytes: 32 } as const;

export const variables: readonly Variable[] = [
  { name: 'POSTGRES_DB', group: database, value: 'postgres', requiredBy: ['postgres'] },
  { name: 'POSTGRES_SUPERUSER', group: database, value: 'postgres', requiredBy: ['postgres'] },
  {
    name: 'POSTGRES_SUPERPASS',
    group: database,
    generate: password,
    requiredBy: ['postgres', 'db-bootstrap'],
  },
  {
    name: 'POSTGRES_PORT',
    group: database,
    comment: 'Local address, for docker-compose.local.yml only: production publishes no database port.',
    value: '127.0.0.1:5432',
    requiredBy: [],
    local: { value: '5432', optional: true, comment: 'Without it: 5432, or the next free port.' },
  },
  {
    name: 'TZ',
    group: database,
    comment: 'pg_cron follows the server’s time zone.',
    value: 'UTC',
    requiredBy: [],
  },
  {
    name: 'PG_DATA_HOST_DIR',
    group: database,
    comment: 'A volume’s name, or a folder such as ../files/volumes/db under Dokploy.',
    value: 'postgres_data',
    requiredBy: [],
    optional: true,
  },

  {
    name: 'DB_AUTHENTICATOR_PASSWORD',
    group: roles,
    generate: password,
    requiredBy: ['db-bootstrap', 'rest', 'pooler'],
  },
  {
    name: 'HASURA_DB_PASSWORD',
    group: roles,
    generate: password,
    requiredBy: ['db-bootstrap', 'graphql', 'pooler'],
  },
  {
    name: 'DB_MIGRATOR_PASSWORD',
    group: roles,
    generate: password,
    requiredBy: ['db-bootstrap', 'atlas-migrate'],
  },

  {
    name: 'JWT_SECRET',
    group: api,
    comment: '32 bytes as hex; signs and verifies every role’s token.',
    generate: key,
    requiredBy: ['rest', 'graphql', 'gateway'],
  },
  { name: 'HASURA_ADMIN_SECRET', group: api, generate: key, requiredBy: ['graphql'] },
  {
    name: 'HASURA_CORS',
    group: api,
    comment: 'Origins that may call the APIs from a browser.',
    value: 'https://app.example.com',
    requiredBy: ['graphql'],
    local: {
      value: '*',
      comment: 'Origins that may call the APIs from a browser; name yours in production.',
    },
  },
  {
    name: 'HASURA_GRAPHQL_DATABASE_URL',
    group: api,
    comment: 'Default: role hasura through the pooler.',
    requiredBy: [],
    optional: true,
    local: { comment: 'Default: role hasura.' },
  },
  {
    name: 'HASURA_GRAPHQL_METADATA_DATABASE_URL',
    group: api,
    comment: 'Default: the same.',
    requiredBy: [],
    optional: true,
    local: { comment: 'Default: the same.' },
  },

  { name: 'PGCAT_ADMIN_USER', group: pooler, value: 'pgcat', requiredBy: ['pooler'] },
  { name: 'PGCAT_ADMIN_PASSWORD', group: pooler, generate: password, requiredBy: ['pooler'] },

  {
    name: 'MINIO_ROOT_USER',
    group: storage,
    value: 'minioadmin',
    requiredBy: ['storage', 'storage-bootstrap'],
  },
  {
    name: 'MINIO_ROOT_PASS',
    group: storage,
    generate: password,
    requiredBy: ['storage', 'storage-bootstrap'],
  },
  { name: 'MINIO_BUCKET', group: storage, value: 'uploads', requiredBy: ['storage-bootstrap'] },
  {
    name: 'MINIO_ALIAS',
    group: storage,
    comment: 'mc’s name for the server; not a secret.',
    value: 'minio',
    requiredBy: [],
  },
  { name: 'AWS_REGION', group: storage, value: 'us-east-1', requiredBy: [] },
  { name: 'S3_APP_ACCESS_KEY', group: storage, value: 'psappaccess', requiredBy: ['storage-bootstrap'] },
  {
    name: 'S3_APP_SECRET_KEY',
    group: storage,
    generate: password,
    requiredBy: ['storage-bootstrap', 'images'],
  },
  {
    name: 'MINIO_DATA_HOST_DIR',
    group: storage,
    comment: 'A volume’s name, or a folder such as ../files/volumes/storage/minio_data under Dokploy.',
    value: 'storage_data',
    requiredBy: [],
    optional: true,
  },

  {
    name: 'IMGPROXY_KEY_HEX',
    group: images,
    comment: '32 bytes as hex.',
    generate: key,
    requiredBy: ['images'],
  },
  {
    name: 'IMGPROXY_SALT_HEX',
    group: images,
    comment: '16 bytes as hex.',
    generate: { kind: 'hex', bytes: 16 },
    requiredBy: ['images'],
  },
  {
    name: 'IMGPROXY_BASE_URL',
    group: images,
    comment: 'Put before every source that does not begin with it; empty to name sources whole.',
    value: 's3://uploads/',
    requiredBy: ['images'],
  },
  {
    name: 'IMGPROXY_ALLOWED_SOURCES',
    group: images,
    comment: 'Comma-separated prefixes of sources; s3://BUCKET/ is the object storage. Keep it tight.',
    value: 's3://uploads/',
    requiredBy: ['images'],
  },

  {
    name: 'PGADMIN_EMAIL',
    group: admin,
    comment: 'A real address: pgAdmin refuses reserved domains such as example.com’s .local.',
    value: 'admin@example.com',
    requiredBy: ['admin'],
  },
  { name: 'PGADMIN_PASSWORD', group: admin, generate: password, requiredBy: ['admin'] },

  { name: 'GRAFANA_ADMIN_USER', group: logging, value: 'admin', requiredBy: ['grafana'] },
  { name: 'GRAFANA_ADMIN_PASSWORD', group: logging, generate: password, requiredBy: ['grafana'] },
  {
    name: 'LOKI_ACCESS_KEY',
    group: logging,
    comment: 'Object-store user of the log store, limited to its bucket.',
    generate: { kind: 'hex', bytes: 10 },
    requiredBy: ['logs', 'storage-bootstrap'],
  },
  { name: 'LOKI_SECRET_KEY', group: logging, generate: password, requiredBy: ['logs', 'storage-bootstrap'] },
  {
    name: 'ENVIRONMENT',
    group: logging,
    comment: 'Label `env` of every log line.',
    value: 'dev',
    requiredBy: [],
  },

  { name: 'DOMAIN_API', group: domains, comment: 'REST', value: 'api.example.com', requiredBy: [] },
  { name: 'DOMAIN_GQL', group: domains, comment: 'GraphQL', value: 'gql.example.com', requiredBy: [] },
  { name: 'DOMAIN_FILES', group: domains, comment: 'S3', value: 's3.example.com', requiredBy: [] },
  {
    name: 'DOMAIN_MINIO_CONSOLE',
    group: domains,
    comment: 'Object storage’s own pages',
    value: 'minio.example.com',
    requiredBy: [],
  },
  { name: 'DOMAIN_IMG', group: domains, comment: 'Images', value: 'img.example.com', requiredBy: [] },
  {
    name: 'DOMAIN_PGADMIN',
    group: domains,
    comment: 'Database admin',
    value: 'dbadmin.example.com',
    requiredBy: [],
  },
  { name: 'DOMAIN_GRAFANA', group: domains, comment: 'Logs', value: 'grafana.example.com', requiredBy: [] },
  {
    name: 'DOMAIN_GATEWAY',
    group: domains,
    comment: 'The gateway: every service by path',
    value: 'stack.example.com',
    requiredBy: [],
  },

  {
    name: 'ATLAS_URL',
    group: migrations,
    comment: 'Default: role db_migrator on the stack’s database.',
    requiredBy: [],
    optional: true,
    local: {},
  },
  {
    name: 'ATLAS_MIGRATIONS_DIR',
    group: migrations,
    comment: 'A volume’s name, or a folder such as ../files/atlas/migrations under Dokploy.',
    value: 'atlas_migrations',
    requiredBy: [],
    optional: true,
  },

  {
    name: 'PROXY_NETWORK',
    group: deployment,
    comment: 'External network that Traefik is on.',
    value: 'dokploy-network',
    requiredBy: [],
  },

  { name: 'PUBLISH_GATEWAY', group: ports, value: '127.0.0.1:8000', requiredBy: [], optional: true },
  { name: 'PUBLISH_REST', group: ports, value: '127.0.0.1:3000', requiredBy: [], optional: true },
  { name: 'PUBLISH_PGCAT', group: ports, value: '127.0.0.1:6432', requiredBy: [], optional: true },
  { name: 'PUBLISH_HASURA', group: ports, value: '127.0.0.1:8080', requiredBy: [], optional: true },
  { name: 'PUBLISH_MINIO', group: ports, value: '127.0.0.1:9000', requiredBy: [], optional: true },
  { name: 'PUBLISH_MINIO_CONSOLE', group: ports, value: '127.0.0.1:9001', requiredBy: [], optional: true },
  { name: 'PUBLISH_IMGPROXY', group: ports, value: '127.0.0.1:8081', requiredBy: [], optional: true },
  { name: 'PUBLISH_PGADMIN', group: ports, value: '127.0.0.1:5050', requiredBy: [], optional: true },
  { name: 'PUBLISH_LOKI', group: ports, value: '127.0.0.1:3100', requiredBy: [], optional: true },
  { name: 'PUBLISH_GRAFANA', group: ports, value: '127.0.0.1:3030', requiredBy: [], optional: true },

  { name: 'POSTGRES_IMAGE', group: pins, requiredBy: [], optional: true, local: {} },
  { name: 'PEAKSTONE_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'PGCAT_IMAGE', group: pins, requiredBy: [], optional: true, local: {} },
  { name: 'POSTGREST_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'HASURA_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'MINIO_IMAGE', group: pins, requiredBy: [], optional: true, local: {} },
  { name: 'MINIO_MC_IMAGE', group: pins, requiredBy: [], optional: true, local: {} },
  { name: 'IMGPROXY_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'ATLAS_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'PGADMIN_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'LOKI_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'ALLOY_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'GRAFANA_IMAGE', group: pins, requiredBy: [], optional: true },
  { name: 'CADDY_IMAGE', group: pins, requiredBy: [], optional: true },
];

const byName = new Map(variables.map(variable => [variable.name, variable]));

export function findVariable(name: string): Variable | undefined {
  return byName.get(name);
}

/** The `.env` that the first start and `peakstone deploy env` make, and later starts complete. */
export const localVariables: readonly EnvVariable[] = variables.flatMap(
  ({ requiredBy: _, local, ...variable }) => (variable.optional && !local ? [] : [{ ...variable, ...local }]),
);
