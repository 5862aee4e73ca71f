import { moduleBeside } from '@peakstone/kernel/beside';
import { listSchemas } from '../local.ts';
import type { Service } from '../service.ts';
import { restContainer } from './container.ts';
import { restVariables } from './variables.ts';

export const rest: Service = {
  name: 'rest',
  title: 'REST API',
  contract: 'PostgREST',
  kind: 'service',
  engines: ['peakstone', 'upstream', 'external'],
  port: 3000,
  paths: ['/rest/v1'],
  route: { stripPrefix: true, firstRequest: true },
  domain: 'DOMAIN_API',
  image: { variable: 'POSTGREST_IMAGE', pin: 'postgrest/postgrest:v14.12' },
  needs: ['postgres', 'db-bootstrap', 'atlas-migrate'],
  needsWhenUpstream: ['pooler'],
  stateful: false,
  aliases: ['postgrest'],
  logLabel: 'api',
  limits: { memoryMb: 512, cpus: 1, pids: 128 },
  variables: restVariables,
  requires: ['DB_AUTHENTICATOR_PASSWORD', 'JWT_SECRET'],
  container: restContainer,
  local: {
    portVariable: 'PGRST_SERVER_PORT',
    secrets: ['JWT_SECRET', 'DB_AUTHENTICATOR_PASSWORD'],
    process: 'apis',
    listensAt: ({ PGRST_SERVER_HOST, PGRST_SERVER_UNIX_SOCKET }) =>
      PGRST_SERVER_HOST || PGRST_SERVER_UNIX_SOCKET ? null : '127.0.0.1',
    run: moduleBeside(import.meta.url, './run'),
    serves: ({ PGRST_DB_SCHEMAS }) => listSchemas(PGRST_DB_SCHEMAS),
    examine: async () => (await import('./examine.ts')).examineVisitors,
  },
};
