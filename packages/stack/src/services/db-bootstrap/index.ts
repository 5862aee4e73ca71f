import { passwordVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { bootstrapContainer } from './container.ts';

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
  variables: [
    passwordVariable('DB_AUTHENTICATOR_PASSWORD', 'Database roles of the services'),
    passwordVariable('HASURA_DB_PASSWORD', 'Database roles of the services'),
    passwordVariable('DB_MIGRATOR_PASSWORD', 'Database roles of the services'),
  ],
  requires: ['POSTGRES_SUPERPASS', 'DB_AUTHENTICATOR_PASSWORD', 'HASURA_DB_PASSWORD', 'DB_MIGRATOR_PASSWORD'],
  container: bootstrapContainer,
};
