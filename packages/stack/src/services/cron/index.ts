import { moduleBeside } from '@peakstone/kernel/beside';
import type { Service } from '../service.ts';

/** Stands in for pg_cron where the server has none; the image of PostgreSQL for containers has it. */
export const cron: Service = {
  name: 'cron',
  title: 'Scheduled jobs',
  contract: 'cron.schedule of pg_cron, where the server does not have it',
  kind: 'service',
  engines: ['peakstone'],
  onlyHere: true,
  paths: [],
  needs: ['postgres', 'db-bootstrap'],
  stateful: false,
  aliases: [],
  logLabel: 'cron',
  limits: { memoryMb: 0, cpus: 0, pids: 0 },
  variables: [],
  requires: [],
  local: {
    process: 'apis',
    secrets: ['DB_MIGRATOR_PASSWORD'],
    run: moduleBeside(import.meta.url, './run'),
    missed: async () => (await import('./missed.ts')).missedJobs,
  },
};
