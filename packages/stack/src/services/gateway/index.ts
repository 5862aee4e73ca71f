import { moduleBeside } from '@peakstone/kernel/beside';
import { hostVariable, publishVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { gatewayContainer } from './container.ts';
import { gatewayFurther } from './variables.ts';

export const gateway: Service = {
  name: 'gateway',
  title: 'Gateway',
  contract: 'One address in front of every service: paths, hosts, CORS, limits, access log, health',
  kind: 'service',
  engines: ['peakstone'],
  port: 8000,
  paths: ['/'],
  domain: 'DOMAIN_GATEWAY',
  front: true,
  needs: [],
  stateful: false,
  aliases: [],
  logLabel: 'gateway',
  limits: { memoryMb: 512, cpus: 1, pids: 128 },
  variables: [
    hostVariable('DOMAIN_GATEWAY', 'The gateway: every service by path', 'stack.example.com'),
    publishVariable('PUBLISH_GATEWAY', '127.0.0.1:8000'),
    ...gatewayFurther,
  ],
  requires: [],
  container: gatewayContainer,
  local: {
    portVariable: 'GATEWAY_PORT',
    secrets: [],
    plan: async () => await import('./plan.ts'),
    process: 'apis',
    listensAt: (_env, host) => host,
    run: moduleBeside(import.meta.url, './run'),
  },
};
