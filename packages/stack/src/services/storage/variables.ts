import { imageVariable, password, publishVariable, type Variable } from '../../variable.ts';

export const storageVariables: readonly Variable[] = [
  { name: 'MINIO_ROOT_USER', group: 'Object storage', value: 'minioadmin' },
  { name: 'MINIO_ROOT_PASS', group: 'Object storage', generate: password },
  {
    name: 'MINIO_DATA_HOST_DIR',
    group: 'Object storage',
    comment: 'A volume’s name, or a folder such as ../files/volumes/storage/minio_data under Dokploy.',
    value: 'storage_data',
    optional: true,
  },
  { name: 'DOMAIN_FILES', group: 'Public hosts', comment: 'S3', value: 's3.example.com' },
  {
    name: 'DOMAIN_MINIO_CONSOLE',
    group: 'Public hosts',
    comment: 'Object storage’s own pages',
    value: 'minio.example.com',
  },
  publishVariable('PUBLISH_MINIO', '127.0.0.1:9000'),
  publishVariable('PUBLISH_MINIO_CONSOLE', '127.0.0.1:9001'),
  imageVariable('MINIO_IMAGE', true),
];
