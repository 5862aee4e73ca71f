/** A small `.env` for tests and benches: what the service reads, a secret of each kind, a setting, and a default. */
import type { EnvVariable } from '../src/index.ts';

const password = { kind: 'urlSafe', bytes: 24 } as const;

export const variables: readonly EnvVariable[] = [
  { name: 'POSTGRES_DB', group: 'PostgreSQL', value: 'postgres' },
  { name: 'POSTGRES_SUPERUSER', group: 'PostgreSQL', value: 'postgres' },
  { name: 'POSTGRES_SUPERPASS', group: 'PostgreSQL', generate: password },
  { name: 'POSTGRES_PORT', group: 'PostgreSQL', value: '5432', optional: true, comment: 'Or the next one.' },
  { name: 'TZ', group: 'PostgreSQL', value: 'UTC' },
  { name: 'DB_AUTHENTICATOR_PASSWORD', group: 'Roles', generate: password },
  { name: 'HASURA_DB_PASSWORD', group: 'Roles', generate: password },
  { name: 'DB_MIGRATOR_PASSWORD', group: 'Roles', generate: password },
  { name: 'JWT_SECRET', group: 'API', generate: { kind: 'hex', bytes: 32 }, comment: 'Signs tokens.' },
  { name: 'HASURA_CORS', group: 'API', value: '*' },
  { name: 'IMGPROXY_SALT_HEX', group: 'Images', generate: { kind: 'hex', bytes: 16 } },
];
