// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** The server, the jobs that prepare it, and the pooler. */
import type { Stack } from '../../definition.ts';
import { migrateScript } from '../configs/buckets.ts';
import { pgcatToml } from '../configs/pgcat.ts';
import type { ContainerSpec } from '../container.ts';
import { literal } from '../container.ts';
import { databaseEndpoint, databaseUrl } from '../endpoints.ts';
import { peakstoneImage, postgresImage, upstreamImage } from '../images.ts';
import { after, basics, required } from './common.ts';

/** The settings of the original stack's server. */
const serverFlags = [
  'wal_level=logical',
  'shared_preload_libraries=pg_stat_statements,pgaudit,pg_cron,auto_explain',
  'pgaudit.log=ddl',
  'log_connections=on',
  'log_disconnections=on',
  'log_line_prefix=%m [%p] user=%u db=%d app=%a client=%h ',
  'cron.database_name=${POSTGRES_DB:-postgres}',
  'cron.timezone=${TZ:-UTC}',
  'max_wal_size=2GB',
];

export function postgresContainer(stack: Stack, engine: 'peakstone' | 'upstream'): ContainerSpec {
  return {
    ...basics(stack, 'postgres'),
    image: postgresImage(engine),
    command: ['postgres', ...serverFlags.flatMap(flag => ['-c', flag])],
    environment: {
      POSTGRES_DB: '${POSTGRES_DB:-postgres}',
      POSTGRES_USER: '${POSTGRES_SUPERUSER:-postgres}',
      POSTGRES_PASSWORD: required('POSTGRES_SUPERPASS'),
      // A folder below the mount, as the original stack has it: its data opens unchanged.
      PGDATA: '/var/lib/postgresql/data/pgdata',
      TZ: '${TZ:-UTC}',
    },
    volumes: [
      {
        source: '${PG_DATA_HOST_DIR:-postgres_data}',
        volume: 'postgres_data',
        target: '/var/lib/postgresql/data',
      },
    ],
    tmpfs: ['/tmp', '/var/run/postgresql'],
    // Parallel queries share memory through it; in 64 MB they fail.
    sharedMemoryMb: 256,
    // Over TCP: the server that initialises the folder listens on its socket only.
    health: {
      test: [
        'CMD',
        'pg_isready',
        '-q',
        '-h',
        '127.0.0.1',
        '-U',
        '${POSTGRES_SUPERUSER:-postgres}',
        '-d',
        '${POSTGRES_DB:-postgres}',
      ],
      intervalS: 3,
      timeoutS: 5,
      retries: 20,
      startPeriodS: 120,
    },
    ports: [{ container: 5432, local: '${POSTGRES_PORT:-127.0.0.1:5432}' }],
    hardened: true,
    // The entrypoint hands the data folder to the user postgres, then becomes it.
    capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'],
    stopGraceS: 90,
  };
}

export function bootstrapContainer(stack: Stack): ContainerSpec {
  const at = databaseEndpoint(stack);
  return {
    ...basics(stack, 'db-bootstrap'),
    image: peakstoneImage(stack),
    command: ['db-bootstrap'],
    environment: {
      PEAKSTONE_DATABASE_URL: `postgres://\${POSTGRES_SUPERUSER:-postgres}:\${POSTGRES_SUPERPASS}@${at.host}:${at.port}/\${POSTGRES_DB:-postgres}?sslmode=${at.sslMode}`,
      POSTGRES_DB: '${POSTGRES_DB:-postgres}',
      DB_AUTHENTICATOR_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
      HASURA_DB_PASSWORD: required('HASURA_DB_PASSWORD'),
      DB_MIGRATOR_PASSWORD: required('DB_MIGRATOR_PASSWORD'),
      PEAKSTONE_SCHEMAS: stack.schemas.join(','),
    },
    after: after(stack, 'postgres'),
    hardened: true,
  };
}

export function migrateContainer(stack: Stack): ContainerSpec {
  return {
    ...basics(stack, 'atlas-migrate'),
    image: upstreamImage('ATLAS_IMAGE'),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(migrateScript)],
    environment: {
      ATLAS_URL: `\${ATLAS_URL:-${databaseUrl(databaseEndpoint(stack), 'db_migrator', 'DB_MIGRATOR_PASSWORD')}}`,
    },
    volumes: [
      {
        source: '${ATLAS_MIGRATIONS_DIR:-atlas_migrations}',
        volume: 'atlas_migrations',
        target: '/migrations',
        readOnly: true,
      },
    ],
    after: after(stack, 'postgres', 'db-bootstrap'),
    hardened: false,
  };
}

export function poolerContainer(stack: Stack): ContainerSpec {
  return {
    ...basics(stack, 'pooler'),
    image: upstreamImage('PGCAT_IMAGE'),
    command: ['pgcat', '/etc/pgcat.toml'],
    environment: {
      POSTGRES_DB: '${POSTGRES_DB:-postgres}',
      PGCAT_ADMIN_USER: '${PGCAT_ADMIN_USER:-pgcat}',
      PGCAT_ADMIN_PASSWORD: required('PGCAT_ADMIN_PASSWORD'),
      DB_AUTHENTICATOR_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
      HASURA_DB_PASSWORD: required('HASURA_DB_PASSWORD'),
    },
    files: [{ name: 'pgcat', target: '/etc/pgcat.toml', content: pgcatToml(databaseEndpoint(stack)) }],
    health: {
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/6432'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 30,
    },
    // Its roles exist only after the bootstrap; a pool that fails at start is retried by its clients.
    after: after(stack, 'postgres', 'db-bootstrap'),
    ports: [{ container: 6432, local: '${PUBLISH_PGCAT:-127.0.0.1:6432}' }],
    hardened: false,
  };
}
