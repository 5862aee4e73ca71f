import { isStoreUser } from '../../checks/secrets.ts';
import { imageVariable, passwordVariable, publishVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { logsContainer } from './container.ts';

export const logs: Service = {
  name: 'logs',
  title: 'Log store',
  contract: 'Loki, in the stack’s object store, 168 h retention',
  kind: 'service',
  engines: ['upstream', 'external'],
  port: 3100,
  paths: [],
  image: { variable: 'LOKI_IMAGE', pin: 'grafana/loki:3.7.6' },
  needs: ['storage', 'storage-bootstrap'],
  cannotLack: ['storage'],
  stateful: true,
  aliases: ['loki'],
  limits: { memoryMb: 512, cpus: 1, pids: 256 },
  variables: [
    {
      name: 'LOKI_ACCESS_KEY',
      group: 'Logging',
      comment: 'Object-store user of the log store, limited to its bucket.',
      generate: { kind: 'hex', bytes: 10 },
      checks: [isStoreUser('MINIO_ROOT_USER', 'S3_APP_ACCESS_KEY')],
    },
    passwordVariable('LOKI_SECRET_KEY', 'Logging'),
    publishVariable('PUBLISH_LOKI', '127.0.0.1:3100', 'the log store, which asks for no password,'),
    imageVariable('LOKI_IMAGE'),
  ],
  requires: ['LOKI_ACCESS_KEY', 'LOKI_SECRET_KEY'],
  container: logsContainer,
};
