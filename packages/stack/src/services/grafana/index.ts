import { hostVariable, imageVariable, passwordVariable, publishVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { grafanaContainer } from './container.ts';

export const grafana: Service = {
  name: 'grafana',
  title: 'Log search',
  contract: 'Grafana with the log store as data source and a starter dashboard',
  kind: 'service',
  engines: ['upstream'],
  port: 3030,
  containerPort: 3000,
  paths: [],
  domain: 'DOMAIN_GRAFANA',
  image: { variable: 'GRAFANA_IMAGE', pin: 'grafana/grafana:12.4.5' },
  needs: ['logs'],
  cannotLack: ['logs'],
  stateful: true,
  aliases: [],
  limits: { memoryMb: 512, cpus: 1, pids: 256 },
  variables: [
    { name: 'GRAFANA_ADMIN_USER', group: 'Logging', value: 'admin' },
    passwordVariable('GRAFANA_ADMIN_PASSWORD', 'Logging'),
    hostVariable('DOMAIN_GRAFANA', 'Logs', 'grafana.example.com'),
    publishVariable('PUBLISH_GRAFANA', '127.0.0.1:3030'),
    imageVariable('GRAFANA_IMAGE'),
  ],
  requires: ['GRAFANA_ADMIN_USER', 'GRAFANA_ADMIN_PASSWORD'],
  container: grafanaContainer,
};
