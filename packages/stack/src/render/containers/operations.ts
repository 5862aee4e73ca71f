// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** What operators look at: pgAdmin, and the log store with its agent and pages. None of it gates the services. */
import { findService, type Stack } from '../../definition.ts';
import { alloyConfig } from '../configs/alloy.ts';
import { grafanaDashboard, grafanaDashboardProvider, grafanaDataSource } from '../configs/grafana.ts';
import { lokiConfig } from '../configs/loki.ts';
import { pgAdminFiles, pgAdminScript } from '../configs/pgadmin.ts';
import { type ContainerSpec, literal } from '../container.ts';
import { databaseEndpoint, httpOrigin, poolerEndpoint } from '../endpoints.ts';
import { upstreamImage } from '../images.ts';
import { after, basics, required } from './common.ts';

export function adminContainer(stack: Stack): ContainerSpec {
  const files = pgAdminFiles(
    databaseEndpoint(stack),
    findService(stack, 'pooler') ? poolerEndpoint(stack) : undefined,
  );
  return {
    ...basics(stack, 'admin'),
    image: upstreamImage('PGADMIN_IMAGE'),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(pgAdminScript)],
    environment: {
      PGADMIN_DEFAULT_EMAIL: '${PGADMIN_EMAIL:-admin@example.com}',
      PGADMIN_DEFAULT_PASSWORD: required('PGADMIN_PASSWORD'),
      PGADMIN_CONFIG_ENHANCED_COOKIE_PROTECTION: 'True',
      PGADMIN_DISABLE_POSTFIX: 'True',
      PGADMIN_SERVER_JSON_FILE: '/pgadmin4/servers.json',
      PGADMIN_REPLACE_SERVERS_ON_STARTUP: 'True',
      // The files above name these.
      POSTGRES_DB: '${POSTGRES_DB:-postgres}',
      POSTGRES_SUPERUSER: '${POSTGRES_SUPERUSER:-postgres}',
      POSTGRES_SUPERPASS: '${POSTGRES_SUPERPASS:-}',
      DB_MIGRATOR_PASSWORD: '${DB_MIGRATOR_PASSWORD:-}',
      DB_AUTHENTICATOR_PASSWORD: '${DB_AUTHENTICATOR_PASSWORD:-}',
    },
    files: [
      { name: 'pgadmin_servers', target: '/pgadmin4/servers.json', content: files.servers },
      { name: 'pgadmin_pgpass', target: '/pgadmin4/pgpass', content: files.passwords },
    ],
    volumes: [{ source: 'pgadmin_data', volume: 'pgadmin_data', target: '/var/lib/pgadmin' }],
    health: {
      test: ['CMD-SHELL', 'wget -q -O /dev/null http://127.0.0.1:80/misc/ping || exit 1'],
      intervalS: 15,
      timeoutS: 10,
      retries: 6,
      startPeriodS: 90,
    },
    ports: [{ container: 80, local: '${PUBLISH_PGADMIN:-127.0.0.1:5050}' }],
    routes: [{ name: 'admin', domain: 'DOMAIN_PGADMIN', port: 80 }],
    hardened: false,
  };
}

export function logsContainer(stack: Stack): ContainerSpec {
  return {
    ...basics(stack, 'logs'),
    image: upstreamImage('LOKI_IMAGE'),
    command: ['-config.file=/etc/loki/loki-config.yml'],
    environment: {
      AWS_ACCESS_KEY_ID: required('LOKI_ACCESS_KEY'),
      AWS_SECRET_ACCESS_KEY: required('LOKI_SECRET_KEY'),
      AWS_REGION: '${AWS_REGION:-us-east-1}',
    },
    files: [
      {
        name: 'loki',
        target: '/etc/loki/loki-config.yml',
        content: lokiConfig(httpOrigin(stack, 'storage', 9000) ?? 'http://localhost:9000'),
      },
    ],
    volumes: [{ source: 'loki_data', volume: 'loki_data', target: '/loki' }],
    // The image has no shell; the binary asks itself.
    health: {
      test: ['CMD', '/usr/bin/loki', '-health'],
      intervalS: 15,
      timeoutS: 5,
      retries: 5,
      startPeriodS: 60,
    },
    // Its bucket and user come from the job.
    after: after(stack, 'storage', 'storage-bootstrap'),
    ports: [{ container: 3100, local: '${PUBLISH_LOKI:-127.0.0.1:3100}' }],
    hardened: false,
    stopGraceS: 60,
  };
}

export function logsAgentContainer(stack: Stack): ContainerSpec {
  const origin = httpOrigin(stack, 'logs', 3100) ?? 'http://localhost:3100';
  return {
    ...basics(stack, 'logs-agent'),
    image: upstreamImage('ALLOY_IMAGE'),
    command: [
      'run',
      '--server.http.listen-addr=127.0.0.1:12345',
      '--storage.path=/var/lib/alloy/data',
      '--disable-reporting',
      '/etc/alloy/config.alloy',
    ],
    environment: {},
    files: [
      {
        name: 'alloy',
        target: '/etc/alloy/config.alloy',
        content: literal(alloyConfig(`${origin}/loki/api/v1/push`)),
      },
    ],
    volumes: [
      { source: '/var/run/docker.sock', target: '/var/run/docker.sock', readOnly: true },
      { source: 'alloy_data', volume: 'alloy_data', target: '/var/lib/alloy/data' },
    ],
    health: {
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/12345'],
      intervalS: 30,
      timeoutS: 5,
      retries: 3,
      startPeriodS: 30,
    },
    after: after(stack, 'logs'),
    hardened: false,
  };
}

export function grafanaContainer(stack: Stack): ContainerSpec {
  const provisioning = '/etc/grafana/provisioning';
  return {
    ...basics(stack, 'grafana'),
    image: upstreamImage('GRAFANA_IMAGE'),
    environment: {
      GF_SECURITY_ADMIN_USER: '${GRAFANA_ADMIN_USER:-admin}',
      GF_SECURITY_ADMIN_PASSWORD: required('GRAFANA_ADMIN_PASSWORD'),
      GF_SERVER_ROOT_URL: 'https://${DOMAIN_GRAFANA:-localhost}',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    },
    files: [
      {
        name: 'grafana_datasource',
        target: `${provisioning}/datasources/loki.yml`,
        content: grafanaDataSource(httpOrigin(stack, 'logs', 3100) ?? ''),
      },
      {
        name: 'grafana_dashboards',
        target: `${provisioning}/dashboards/stack.yml`,
        content: grafanaDashboardProvider,
      },
      {
        name: 'grafana_stack_logs',
        target: `${provisioning}/dashboards/json/stack-logs.json`,
        content: literal(grafanaDashboard()),
      },
    ],
    volumes: [{ source: 'grafana_data', volume: 'grafana_data', target: '/var/lib/grafana' }],
    health: {
      test: ['CMD-SHELL', 'wget -q -O /dev/null http://127.0.0.1:3000/api/health || exit 1'],
      intervalS: 15,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 60,
    },
    after: after(stack, 'logs'),
    ports: [{ container: 3000, local: '${PUBLISH_GRAFANA:-127.0.0.1:3030}' }],
    routes: [{ name: 'grafana', domain: 'DOMAIN_GRAFANA', port: 3000 }],
    hardened: false,
  };
}
