/**
 * Every variable of the stack's `.env`, in its order, as data. Names are the original stack's and part of its contract.
 */

/** How a secret is made; `bytes` of randomness. */
export type Generate =
  | { readonly kind: 'urlSafe'; readonly bytes: number }
  | { readonly kind: 'hex'; readonly bytes: number };

export interface EnvVariable {
  readonly name: string;
  /** Heading above it in the file. */
  readonly group: string;
  readonly comment?: string;
  /** Value when it is no secret; may name variables above as `${NAME}`. */
  readonly value?: string;
  /** Given for secrets. */
  readonly generate?: Generate;
  /** Written commented out: the services have a default that is better left alone. */
  readonly optional?: boolean;
}

/** 32 characters. */
const password: Generate = { kind: 'urlSafe', bytes: 24 };
const key: Generate = { kind: 'hex', bytes: 32 };

function group(name: string, entries: readonly Omit<EnvVariable, 'group'>[]): EnvVariable[] {
  return entries.map(entry => ({ ...entry, group: name }));
}

export const ENV_VARIABLES: readonly EnvVariable[] = [
  ...group('PostgreSQL', [
    { name: 'POSTGRES_DB', value: 'postgres' },
    { name: 'POSTGRES_SUPERUSER', value: 'postgres' },
    { name: 'POSTGRES_SUPERPASS', generate: password },
    {
      name: 'POSTGRES_PORT',
      value: '5432',
      optional: true,
      comment: 'Without it: 5432, or the next free port.',
    },
    { name: 'TZ', value: 'UTC' },
    { name: 'POSTGRES_IMAGE', optional: true },
  ]),
  ...group('Database roles of the services', [
    { name: 'DB_AUTHENTICATOR_PASSWORD', generate: password },
    { name: 'HASURA_DB_PASSWORD', generate: password },
    { name: 'DB_MIGRATOR_PASSWORD', generate: password },
  ]),
  ...group('REST and GraphQL', [
    { name: 'JWT_SECRET', generate: key, comment: "Signs and verifies every role's token." },
    { name: 'HASURA_ADMIN_SECRET', generate: key },
    {
      name: 'HASURA_CORS',
      value: '*',
      comment: 'Origins that may call GraphQL from a browser; name yours in production.',
    },
    { name: 'HASURA_GRAPHQL_DATABASE_URL', optional: true, comment: 'Without it: role hasura.' },
    {
      name: 'HASURA_GRAPHQL_METADATA_DATABASE_URL',
      optional: true,
      comment: 'Without it: the same database.',
    },
  ]),
  ...group('Database administration (pgAdmin)', [
    { name: 'PGADMIN_EMAIL', value: 'admin@example.com' },
    { name: 'PGADMIN_PASSWORD', generate: password },
  ]),
  ...group('Pooler', [
    { name: 'PGCAT_IMAGE', optional: true },
    { name: 'PGCAT_ADMIN_USER', value: 'pgcat' },
    { name: 'PGCAT_ADMIN_PASSWORD', generate: password },
  ]),
  ...group('Object storage', [
    { name: 'MINIO_ROOT_USER', value: 'minioadmin' },
    { name: 'MINIO_ROOT_PASS', generate: password },
    { name: 'MINIO_BUCKET', value: 'uploads' },
    { name: 'MINIO_ALIAS', value: 'minio' },
    { name: 'AWS_REGION', value: 'us-east-1' },
    { name: 'S3_APP_ACCESS_KEY', value: 'psappaccess' },
    { name: 'S3_APP_SECRET_KEY', generate: password },
    { name: 'MINIO_IMAGE', optional: true },
    { name: 'MINIO_MC_IMAGE', optional: true },
  ]),
  ...group('Images', [
    { name: 'IMGPROXY_KEY_HEX', generate: key },
    { name: 'IMGPROXY_SALT_HEX', generate: { kind: 'hex', bytes: 16 } },
    {
      name: 'IMGPROXY_BASE_URL',
      value: 'http://localhost:9000/',
      comment: 'Prefix of source URLs that are given without one.',
    },
    {
      name: 'IMGPROXY_ALLOWED_SOURCES',
      value: 'http://localhost:9000/',
      comment: 'URL prefixes, separated by commas; keep it tight.',
    },
  ]),
  ...group('Public hosts', [
    { name: 'DOMAIN_API', value: 'api.example.com' },
    { name: 'DOMAIN_GQL', value: 'gql.example.com' },
    { name: 'DOMAIN_FILES', value: 's3.example.com' },
    { name: 'DOMAIN_MINIO_CONSOLE', value: 'minio.example.com' },
    { name: 'DOMAIN_IMG', value: 'img.example.com' },
    { name: 'DOMAIN_PGADMIN', value: 'dbadmin.example.com' },
    { name: 'DOMAIN_GRAFANA', value: 'grafana.example.com' },
  ]),
  ...group('Logging', [
    { name: 'GRAFANA_ADMIN_USER', value: 'admin' },
    { name: 'GRAFANA_ADMIN_PASSWORD', generate: password },
    { name: 'LOKI_ACCESS_KEY', generate: { kind: 'hex', bytes: 10 } },
    { name: 'LOKI_SECRET_KEY', generate: password },
  ]),
  ...group('Deployment', [
    { name: 'ENVIRONMENT', value: 'dev' },
    { name: 'PROXY_NETWORK', value: 'dokploy-network' },
    { name: 'ATLAS_URL', optional: true, comment: "Without it: role db_migrator on the stack's database." },
  ]),
];
