import { moduleBeside } from '@peakstone/kernel/beside';
import type { Service } from '../service.ts';
import { storageContainer } from './container.ts';
import { storageVariables } from './variables.ts';

export const storage: Service = {
  name: 'storage',
  title: 'Object storage',
  contract: 'S3, as MinIO serves it; Supabase Storage',
  kind: 'service',
  engines: ['peakstone', 'upstream', 'external'],
  port: 9000,
  paths: ['/storage'],
  route: { stripPrefix: true, unlimitedBody: true, keepHost: true, compress: false },
  domain: 'DOMAIN_FILES',
  // From its second registry: the first was emptied in September 2026.
  image: { variable: 'MINIO_IMAGE', pin: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z' },
  serverSetting: 'storage',
  needs: ['postgres', 'db-bootstrap'],
  stateful: true,
  aliases: ['minio'],
  logLabel: 'storage',
  limits: { memoryMb: 1024, cpus: 2, pids: 1024 },
  variables: storageVariables,
  requires: ['MINIO_ROOT_USER', 'MINIO_ROOT_PASS', 'DB_AUTHENTICATOR_PASSWORD', 'JWT_SECRET'],
  container: storageContainer,
  local: {
    secrets: [
      'MINIO_ROOT_USER',
      'MINIO_ROOT_PASS',
      'S3_APP_SECRET_KEY',
      'LOKI_SECRET_KEY',
      'JWT_SECRET',
      'DB_AUTHENTICATOR_PASSWORD',
      'IMGPROXY_KEY_HEX',
      'IMGPROXY_SALT_HEX',
    ],
    // Hashing and streaming of large bodies must not slow the other services.
    process: 'objects',
    listensAt: () => '127.0.0.1',
    plan: async () => await import('./plan.ts'),
    run: moduleBeside(import.meta.url, './run'),
  },
};
