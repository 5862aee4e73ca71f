// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';

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

export function postgresContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service.definition),
    image:
      service.engine === 'peakstone'
        ? ownImage(stack, service.definition)
        : upstreamImage(service.definition),
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
