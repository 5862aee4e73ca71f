import { matches } from '../../checks/check.ts';
import { isStoreUser } from '../../checks/secrets.ts';
import { isBucket } from '../../checks/storage.ts';
import { imageVariable, passwordVariable } from '../../variable.ts';
import type { Service } from '../service.ts';
import { storageBootstrapContainer } from './container.ts';

export const storageBootstrap: Service = {
  name: 'storage-bootstrap',
  title: 'Buckets and policies',
  contract: 'Idempotent job: bucket, versioning, app user and policy, the log store’s bucket and user',
  kind: 'job',
  engines: ['peakstone', 'upstream'],
  paths: [],
  image: { variable: 'MINIO_MC_IMAGE', pin: 'quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z' },
  needs: ['storage'],
  cannotLack: ['storage'],
  stateful: false,
  aliases: [],
  limits: { memoryMb: 256, cpus: 1, pids: 256 },
  variables: [
    { name: 'MINIO_BUCKET', group: 'Object storage', value: 'uploads', checks: [isBucket] },
    {
      name: 'MINIO_ALIAS',
      group: 'Object storage',
      comment: 'mc’s name for the server; not a secret.',
      value: 'minio',
      checks: [matches(/^[A-Za-z][\w-]*$/, 'mc takes no such name', 'use letters, digits and hyphens')],
    },
    {
      name: 'AWS_REGION',
      group: 'Object storage',
      value: 'us-east-1',
      checks: [matches(/^[a-z0-9-]+$/, 'it is no region’s name', 'use one such as us-east-1')],
    },
    {
      name: 'S3_APP_ACCESS_KEY',
      group: 'Object storage',
      value: 'psappaccess',
      checks: [isStoreUser('MINIO_ROOT_USER')],
    },
    passwordVariable('S3_APP_SECRET_KEY', 'Object storage'),
    imageVariable('MINIO_MC_IMAGE', true),
  ],
  requires: ['MINIO_ROOT_USER', 'MINIO_ROOT_PASS', 'MINIO_BUCKET', 'S3_APP_ACCESS_KEY', 'S3_APP_SECRET_KEY'],
  container: storageBootstrapContainer,
};
