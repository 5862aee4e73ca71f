import type { Service } from '../service.ts';
import { bootstrapContainer } from './container.ts';
import { bootstrapVariables } from './variables.ts';

export const dbBootstrap: Service = {
  name: 'db-bootstrap',
  title: 'Roles and grants',
  contract: 'Idempotent job: least-privilege roles, schemas, grants, passwords, auth functions',
  kind: 'job',
  engines: ['peakstone'],
  paths: [],
  needs: ['postgres'],
  stateful: false,
  aliases: [],
  limits: { memoryMb: 256, cpus: 1, pids: 64 },
  variables: bootstrapVariables,
  requires: ['POSTGRES_SUPERPASS', 'DB_AUTHENTICATOR_PASSWORD', 'HASURA_DB_PASSWORD', 'DB_MIGRATOR_PASSWORD'],
  container: bootstrapContainer,
  rehearsal: ['db-bootstrap', '--check'],
};
