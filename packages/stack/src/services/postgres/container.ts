// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { databaseName, superuserName } from '../../container/connection.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { socketMount } from './endpoint.ts';
import { serverHealthScript } from './health.ts';
import { sizeDatabase } from './sizing.ts';

/** Settings of the original stack's server; and no value of a parameter in the log, which may be anybody's password. */
const serverFlags = [
  'wal_level=logical',
  'shared_preload_libraries=pg_stat_statements,pgaudit,pg_cron,auto_explain',
  'pgaudit.log=ddl',
  'log_connections=on',
  'log_disconnections=on',
  'log_line_prefix=%m [%p] user=%u db=%d app=%a client=%h ',
  `cron.database_name=${databaseName}`,
  'cron.timezone=${TZ:-UTC}',
  'max_wal_size=2GB',
  'summarize_wal=on',
  'max_slot_wal_keep_size=8GB',
  'log_parameter_max_length=0',
  'log_parameter_max_length_on_error=0',
  'auto_explain.log_parameter_max_length=0',
];

/** Room for the server's own processes, and for those who look after it. */
const pidsBesideConnections = 100;

export function postgresContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const size = sizeDatabase(stack);
  const flags = [...serverFlags, ...Object.entries(size.settings).map(([name, value]) => `${name}=${value}`)];
  const { pids } = service.limits;
  return {
    ...basics(stack, service),
    limits: {
      ...service.limits,
      pids: pids === 0 ? 0 : Math.max(pids, size.maxConnections + pidsBesideConnections),
    },
    image:
      service.engine === 'peakstone'
        ? ownImage(stack, service.definition)
        : upstreamImage(service.definition),
    command: ['postgres', ...flags.flatMap(flag => ['-c', flag])],
    environment: {
      POSTGRES_DB: databaseName,
      POSTGRES_USER: superuserName,
      POSTGRES_PASSWORD: required('POSTGRES_SUPERPASS'),
      // A folder below the mount, as the original stack has it: its data opens unchanged.
      PGDATA: '/var/lib/postgresql/data/pgdata',
      TZ: '${TZ:-UTC}',
      // Our image's: upstream's passes it over.
      DATABASE_SESSION_MEMORY_MB: `\${DATABASE_SESSION_MEMORY_MB:-${size.sessionMemoryMb}}`,
      // When memory runs out, the kernel takes the process of a query, never the one that all others hang on.
      PG_OOM_ADJUST_FILE: '/proc/self/oom_score_adj',
      PG_OOM_ADJUST_VALUE: '500',
    },
    volumes: [
      {
        source: '${PG_DATA_HOST_DIR:-postgres_data}',
        volume: 'postgres_data',
        target: '/var/lib/postgresql/data',
      },
      socketMount,
    ],
    tmpfs: ['/tmp'],
    sharedMemoryMb: size.sharedMemoryMb,
    health: {
      test: ['CMD-SHELL', literal(serverHealthScript)],
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
