// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { logsOrigin } from '../logs/endpoint.ts';
import { grafanaDashboard, grafanaDashboardProvider, grafanaDataSource } from './provisioning.ts';

export function grafanaContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const provisioning = '/etc/grafana/provisioning';
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
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
        content: grafanaDataSource(logsOrigin(stack) ?? ''),
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
    ports: [{ container: 3000, local: '${PUBLISH_GRAFANA:-127.0.0.1:3030}' }],
    routes: [{ name: 'grafana', domain: 'DOMAIN_GRAFANA', port: 3000 }],
    hardened: false,
  };
}
