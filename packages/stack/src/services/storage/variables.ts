import { matches } from '../../checks/check.ts';
import { isPlace } from '../../checks/places.ts';
import { isStoreUser } from '../../checks/secrets.ts';
import {
  hostVariable,
  imageVariable,
  passwordVariable,
  publishVariable,
  type Variable,
} from '../../variable.ts';

export const storageVariables: readonly Variable[] = [
  { name: 'MINIO_ROOT_USER', group: 'Object storage', value: 'minioadmin', checks: [isStoreUser()] },
  passwordVariable('MINIO_ROOT_PASS', 'Object storage'),
  {
    name: 'MINIO_DATA_HOST_DIR',
    group: 'Object storage',
    comment: 'A volume’s name, or a folder such as ../files/volumes/storage/minio_data under Dokploy.',
    value: 'storage_data',
    checks: [isPlace('storage_data')],
    optional: true,
  },
  {
    name: 'MINIO_DOMAIN',
    group: 'Object storage',
    comment: 'Hosts whose subdomains are buckets, such as s3.example.com; separated by commas.',
    optional: true,
  },
  {
    name: 'MINIO_API_CORS_ALLOW_ORIGIN',
    group: 'Object storage',
    comment: 'Origins that browsers may come from, where a bucket has no rules of its own.',
    value: '*',
    optional: true,
  },
  {
    name: 'MINIO_KMS_SECRET_KEY',
    group: 'Object storage',
    comment:
      'NAME:KEY, 32 bytes in Base64: objects can then be encrypted by the server. Lost, they are lost.',
    optional: true,
  },
  {
    name: 'FILE_SIZE_LIMIT',
    group: 'Object storage',
    comment: 'Bytes of one object at most through /storage/v1; 50 GiB unless set.',
    checks: [matches(/^\d{1,16}$/, 'it is no number of bytes', 'use one such as 52428800')],
    optional: true,
  },
  hostVariable('DOMAIN_FILES', 'S3', 's3.example.com'),
  hostVariable('DOMAIN_MINIO_CONSOLE', 'Object storage’s own pages', 'minio.example.com'),
  publishVariable('PUBLISH_MINIO', '127.0.0.1:9000'),
  publishVariable('PUBLISH_MINIO_CONSOLE', '127.0.0.1:9001'),
  imageVariable('MINIO_IMAGE', true),
];
