import { imageVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { logsAgentContainer } from './container.ts';

export const logsAgent: Service = {
  name: 'logs-agent',
  title: 'Log collection',
  contract: 'Grafana Alloy over Docker’s logs, opt-in by label',
  kind: 'service',
  engines: ['upstream'],
  paths: [],
  image: { variable: 'ALLOY_IMAGE', pin: 'grafana/alloy:v1.19.2' },
  needs: ['logs'],
  cannotLack: ['logs'],
  stateful: true,
  everyNode: true,
  aliases: ['alloy'],
  limits: { memoryMb: 512, cpus: 1, pids: 256 },
  variables: [
    {
      name: 'ENVIRONMENT',
      group: 'Logging',
      comment: 'Label `env` of every log line.',
      value: 'dev',
      dokploy: 'production',
    },
    imageVariable('ALLOY_IMAGE'),
  ],
  requires: [],
  container: logsAgentContainer,
};
