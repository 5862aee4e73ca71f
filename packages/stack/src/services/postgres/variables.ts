import { isLocalAddress } from '../../checks/addresses.ts';
import { isDatabaseName, isSuperuserName, isTimeZone } from '../../checks/names.ts';
import { isPlace, isStackPostgres } from '../../checks/places.ts';
import { imageVariable, passwordVariable, type Variable } from '../../variable.ts';

export const postgresVariables: readonly Variable[] = [
  { name: 'POSTGRES_DB', group: 'PostgreSQL', value: 'postgres', checks: [isDatabaseName] },
  { name: 'POSTGRES_SUPERUSER', group: 'PostgreSQL', value: 'postgres', checks: [isSuperuserName] },
  passwordVariable('POSTGRES_SUPERPASS', 'PostgreSQL'),
  {
    name: 'POSTGRES_PORT',
    group: 'PostgreSQL',
    comment: 'Local address, for docker-compose.local.yml only: production publishes no database port.',
    value: '127.0.0.1:5432',
    checks: [isLocalAddress('the database')],
    dokploy: false,
    local: { value: '5432', optional: true, comment: 'Without it: 5432, or the next free port.' },
  },
  {
    name: 'TZ',
    group: 'PostgreSQL',
    comment: 'pg_cron follows the server’s time zone.',
    value: 'UTC',
    checks: [isTimeZone],
  },
  {
    name: 'PG_DATA_HOST_DIR',
    group: 'PostgreSQL',
    comment: 'A volume’s name, or a folder such as ../files/volumes/db under Dokploy.',
    value: 'postgres_data',
    checks: [isPlace('postgres_data')],
    optional: true,
  },
  {
    name: 'DATABASE_SESSION_MEMORY_MB',
    group: 'PostgreSQL',
    comment:
      'Memory of one session, in megabytes: a statement that needs more fails alone. 0 for any. Without it: by the memory there is.',
    value: '512',
    optional: true,
  },
  imageVariable('POSTGRES_IMAGE', true, isStackPostgres),
];
