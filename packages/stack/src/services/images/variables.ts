import { imageVariable, key, publishVariable, type Variable } from '../../variable.ts';

export const imagesVariables: readonly Variable[] = [
  {
    name: 'IMGPROXY_KEY_HEX',
    group: 'Images',
    comment: '32 bytes as hex.',
    generate: key,
    secret: 'exactHex',
  },
  {
    name: 'IMGPROXY_SALT_HEX',
    group: 'Images',
    comment: '16 bytes as hex.',
    generate: { kind: 'hex', bytes: 16 },
    secret: 'exactHex',
  },
  {
    name: 'IMGPROXY_BASE_URL',
    group: 'Images',
    comment: 'Put before every source that does not begin with it; empty to name sources whole.',
    value: 's3://uploads/',
  },
  {
    name: 'IMGPROXY_ALLOWED_SOURCES',
    group: 'Images',
    comment: 'Comma-separated prefixes of sources; s3://BUCKET/ is the object storage. Keep it tight.',
    value: 's3://uploads/',
  },
  { name: 'DOMAIN_IMG', group: 'Public hosts', comment: 'Images', value: 'img.example.com' },
  publishVariable('PUBLISH_IMGPROXY', '127.0.0.1:8081'),
  imageVariable('IMGPROXY_IMAGE'),
];
