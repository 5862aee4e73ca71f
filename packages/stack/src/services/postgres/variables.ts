import { imageVariable, password, type Variable } from '../../variable.ts';

export const postgresVariables: readonly Variable[] = [
  { name: 'POSTGRES_DB', group: 'PostgreSQL', value: 'postgres' },
  { name: 'POSTGRES_SUPERUSER', group: 'PostgreSQL', value: 'postgres' },
  { name: 'POSTGRES_SUPERPASS', group: 'PostgreSQL', generate: password },
  {
    name: 'POSTGRES_PORT',
    group: 'PostgreSQL',
    comment: 'Local address, for docker-compose.local.yml only: production publishes no database port.',
    value: '127.0.0.1:5432',
    dokploy: false,
    local: { value: '5432', optional: true, comment: 'Without it: 5432, or the next free port.' },
  },
  { name: 'TZ', group: 'PostgreSQL', comment: 'pg_cron follows the server’s time zone.', value: 'UTC' },
  {
    name: 'PG_DATA_HOST_DIR',
    group: 'PostgreSQL',
    comment: 'A volume’s name, or a folder such as ../files/volumes/db under Dokploy.',
    value: 'postgres_data',
    optional: true,
  },
  imageVariable('POSTGRES_IMAGE', true),
];
