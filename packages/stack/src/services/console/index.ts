import { moduleBeside } from '@peakstone/kernel/beside';
import type { Service } from '../service.ts';
import { consoleVariables } from './variables.ts';

export const consoleRow: Service = {
  name: 'console',
  title: 'Console',
  contract: 'The stack’s own web app: data, SQL, operators',
  kind: 'service',
  engines: ['peakstone'],
  onlyHere: true,
  paths: ['/console'],
  route: { stripPrefix: false, trusted: true },
  domain: 'DOMAIN_CONSOLE',
  needs: ['postgres', 'db-bootstrap'],
  stateful: false,
  aliases: [],
  logLabel: 'console',
  limits: { memoryMb: 0, cpus: 0, pids: 0 },
  variables: consoleVariables,
  requires: [],
  local: {
    // A preview: its README names what a review found that is not mended yet.
    wanted: env => env.PEAKSTONE_CONSOLE === 'true',
    process: 'apis',
    secrets: ['CONSOLE_SECRET', 'CONSOLE_VIEWER_PASSWORD', 'CONSOLE_EDITOR_PASSWORD', 'DB_MIGRATOR_PASSWORD'],
    plan: async () => await import('./plan.ts'),
    run: moduleBeside(import.meta.url, './run'),
  },
};
