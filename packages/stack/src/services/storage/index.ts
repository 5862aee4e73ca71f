import type { Service } from '../service.ts';
import { storageContainer } from './container.ts';
import { storageVariables } from './variables.ts';

export const storage: Service = {
  name: 'storage',
  title: 'Object storage',
  contract: 'S3, as MinIO serves it',
  kind: 'service',
  engines: ['upstream', 'external'],
  port: 9000,
  paths: ['/storage'],
  route: { stripPrefix: true, unlimitedBody: true, keepHost: true, compress: false },
  domain: 'DOMAIN_FILES',
  // From its second registry: the first was emptied in September 2026.
  image: { variable: 'MINIO_IMAGE', pin: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z' },
  needs: [],
  stateful: true,
  aliases: ['minio'],
  logLabel: 'storage',
  limits: { memoryMb: 1024, cpus: 2, pids: 1024 },
  variables: storageVariables,
  requires: ['MINIO_ROOT_USER', 'MINIO_ROOT_PASS'],
  container: storageContainer,
};
