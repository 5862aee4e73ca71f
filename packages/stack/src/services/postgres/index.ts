import { moduleBeside } from '@peakstone/kernel/beside';
import { stackVersion } from '../../definition.ts';
import type { Service } from '../service.ts';
import { postgresContainer } from './container.ts';
import { postgresVariables } from './variables.ts';

export const postgres: Service = {
  name: 'postgres',
  title: 'PostgreSQL 17',
  contract: 'PostgreSQL 17 with pg_cron, pgaudit, hypopg, pg_repack, pgvector and contrib',
  kind: 'service',
  engines: ['peakstone', 'upstream', 'external'],
  port: 5432,
  scheme: 'postgres',
  paths: [],
  // The one that the original stack's own repository publishes.
  image: { variable: 'POSTGRES_IMAGE', pin: 'ghcr.io/willosagiede-dev/peakstone-postgres:17.6-exts' },
  ownImage: {
    variable: 'POSTGRES_IMAGE',
    pin: `ghcr.io/peakstone/peakstone-postgres:${stackVersion}`,
  },
  needs: [],
  awaited: true,
  stateful: true,
  aliases: ['postgres'],
  logLabel: 'postgres',
  limits: { memoryMb: 1024, cpus: 2, pids: 200 },
  variables: postgresVariables,
  requires: ['POSTGRES_DB', 'POSTGRES_SUPERUSER', 'POSTGRES_SUPERPASS'],
  container: postgresContainer,
  local: {
    essential: true,
    engineVariable: 'DATABASE_ENGINE',
    portVariable: 'POSTGRES_PORT',
    secrets: [],
    plan: async () => await import('./plan.ts'),
    process: 'supervisor',
    mendsItself: true,
    run: moduleBeside(import.meta.url, './run'),
    examine: async () => (await import('./examine.ts')).examineDatabase,
  },
};
