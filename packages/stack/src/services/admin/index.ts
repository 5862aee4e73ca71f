import { isEmail } from '../../checks/addresses.ts';
import { hostVariable, imageVariable, passwordVariable, publishVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { adminContainer } from './container.ts';

export const admin: Service = {
  name: 'admin',
  title: 'Database admin',
  contract: 'pgAdmin 4, with the stack’s servers provisioned',
  kind: 'service',
  engines: ['upstream'],
  port: 5050,
  containerPort: 80,
  paths: [],
  domain: 'DOMAIN_PGADMIN',
  image: { variable: 'PGADMIN_IMAGE', pin: 'dpage/pgadmin4:9.17' },
  needs: [],
  stateful: true,
  aliases: ['pgadmin'],
  limits: { memoryMb: 512, cpus: 1, pids: 256 },
  variables: [
    {
      name: 'PGADMIN_EMAIL',
      group: 'Database admin (pgAdmin)',
      comment: 'A real address: pgAdmin refuses reserved domains such as example.com’s .local.',
      value: 'admin@example.com',
      checks: [isEmail],
    },
    passwordVariable('PGADMIN_PASSWORD', 'Database admin (pgAdmin)'),
    hostVariable('DOMAIN_PGADMIN', 'Database admin', 'dbadmin.example.com'),
    publishVariable(
      'PUBLISH_PGADMIN',
      '127.0.0.1:5050',
      'pgAdmin, which knows every password of the database,',
    ),
    imageVariable('PGADMIN_IMAGE'),
  ],
  requires: ['PGADMIN_EMAIL', 'PGADMIN_PASSWORD'],
  container: adminContainer,
};
