import { moduleBeside } from '@peakstone/kernel/beside';
import { listSchemas } from '../local.ts';
import type { Service } from '../service.ts';
import { graphqlContainer } from './container.ts';
import { graphqlVariables } from './variables.ts';

export const graphql: Service = {
  name: 'graphql',
  title: 'GraphQL API',
  contract: 'Hasura GraphQL Engine v2',
  kind: 'service',
  engines: ['peakstone', 'upstream', 'external'],
  port: 8080,
  paths: ['/v1/graphql'],
  route: { stripPrefix: false },
  domain: 'DOMAIN_GQL',
  image: { variable: 'HASURA_IMAGE', pin: 'hasura/graphql-engine:v2.48.6' },
  needs: ['postgres', 'db-bootstrap', 'atlas-migrate'],
  needsWhenUpstream: ['pooler'],
  stateful: false,
  secretsInJson: ['JWT_SECRET'],
  aliases: ['hasura'],
  logLabel: 'graphql',
  limits: { memoryMb: 1024, cpus: 2, pids: 256 },
  variables: graphqlVariables,
  requires: [
    'HASURA_DB_PASSWORD',
    'DB_AUTHENTICATOR_PASSWORD',
    'JWT_SECRET',
    'HASURA_ADMIN_SECRET',
    'HASURA_CORS',
  ],
  container: graphqlContainer,
  local: {
    portVariable: 'HASURA_GRAPHQL_SERVER_PORT',
    secrets: ['JWT_SECRET', 'HASURA_DB_PASSWORD', 'DB_AUTHENTICATOR_PASSWORD', 'HASURA_ADMIN_SECRET'],
    process: 'apis',
    listensAt: () => '127.0.0.1',
    // By metadata, tables are reached as its permissions say, and the database's do not count.
    serves: ({ PEAKSTONE_GRAPHQL_AUTHORIZATION: by, PEAKSTONE_GRAPHQL_SCHEMAS }) =>
      by === 'metadata' ? [] : listSchemas(PEAKSTONE_GRAPHQL_SCHEMAS),
    run: moduleBeside(import.meta.url, './run'),
  },
};
