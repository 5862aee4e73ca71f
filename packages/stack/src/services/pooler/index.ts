import { imageVariable, passwordVariable, publishVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { poolerContainer } from './container.ts';

export const pooler: Service = {
  name: 'pooler',
  title: 'Connection pooler',
  contract: 'PgCat configuration, PostgreSQL protocol',
  kind: 'service',
  scheme: 'postgres',
  engines: ['upstream', 'external'],
  port: 6432,
  paths: [],
  image: { variable: 'PGCAT_IMAGE', pin: 'ghcr.io/postgresml/pgcat:v1.2.0' },
  // Its roles exist only after the bootstrap; a pool that fails at start is retried by its clients.
  needs: ['postgres', 'db-bootstrap'],
  stateful: false,
  aliases: ['pgcat'],
  logLabel: 'pooler',
  limits: { memoryMb: 256, cpus: 1, pids: 128 },
  variables: [
    { name: 'PGCAT_ADMIN_USER', group: 'Pooler', value: 'pgcat' },
    passwordVariable('PGCAT_ADMIN_PASSWORD', 'Pooler'),
    publishVariable('PUBLISH_PGCAT', '127.0.0.1:6432', 'the database’s pooler'),
    imageVariable('PGCAT_IMAGE', true),
  ],
  requires: ['DB_AUTHENTICATOR_PASSWORD', 'HASURA_DB_PASSWORD', 'PGCAT_ADMIN_USER', 'PGCAT_ADMIN_PASSWORD'],
  container: poolerContainer,
};
