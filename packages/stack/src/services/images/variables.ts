import { isHex } from '../../checks/secrets.ts';
import { areSources, isAllowedSource } from '../../checks/storage.ts';
import { hostVariable, imageVariable, key, publishVariable, type Variable } from '../../variable.ts';

export const imagesVariables: readonly Variable[] = [
  {
    name: 'IMGPROXY_KEY_HEX',
    group: 'Images',
    comment: '32 bytes as hex.',
    generate: key,
    checks: [isHex(32)],
  },
  {
    name: 'IMGPROXY_SALT_HEX',
    group: 'Images',
    comment: '16 bytes as hex.',
    generate: { kind: 'hex', bytes: 16 },
    checks: [isHex(16)],
  },
  {
    name: 'IMGPROXY_BASE_URL',
    group: 'Images',
    comment: 'Put before every source that does not begin with it; empty to name sources whole.',
    value: 's3://uploads/',
    emptyCounts: true,
    checks: [isAllowedSource],
  },
  {
    name: 'IMGPROXY_ALLOWED_SOURCES',
    group: 'Images',
    comment: 'Comma-separated prefixes of sources; s3://BUCKET/ is the object storage. Keep it tight.',
    value: 's3://uploads/',
    checks: [areSources],
  },
  hostVariable('DOMAIN_IMG', 'Images', 'img.example.com'),
  publishVariable('PUBLISH_IMGPROXY', '127.0.0.1:8081'),
  imageVariable('IMGPROXY_IMAGE'),
];
