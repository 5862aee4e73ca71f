// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { bucketPolicy } from '@peakstone/storage/policies';
import { basics, passedOn, required } from '../../container/basics.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { hasOwnStorage, storageOrigin } from '../storage/endpoint.ts';
import { bucketLifecycle, bucketScript } from './buckets.ts';

export function storageBootstrapContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return hasOwnStorage(stack) ? ownJob(stack, service) : clientJob(stack, service);
}

/** Our own storage makes everything itself when it starts: the job waits until its user can work with its bucket. */
function ownJob(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service),
    image: ownImage(stack, service.definition),
    command: ['storage', 'await'],
    environment: {
      MINIO_ENDPOINT: storageOrigin(stack) ?? '',
      ...passedOn([
        { name: 'AWS_REGION', value: 'us-east-1' },
        { name: 'MINIO_BUCKET', value: 'uploads' },
        { name: 'S3_APP_ACCESS_KEY', value: 'psappaccess' },
      ]),
      S3_APP_SECRET_KEY: required('S3_APP_SECRET_KEY'),
    },
    hardened: true,
  };
}

/** Whatever speaks MinIO's protocol of administration, by its client. */
function clientJob(stack: Stack, service: ResolvedService): ContainerSpec {
  const file = (name: string, target: string, content: string) => ({
    name,
    target: `/bootstrap/${target}`,
    content,
  });
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(bucketScript)],
    environment: {
      // mc keeps its aliases in a file; the image's home may not be writable for the user it runs as.
      MC_CONFIG_DIR: '/tmp/.mc',
      MINIO_ALIAS: '${MINIO_ALIAS:-minio}',
      MINIO_ENDPOINT: storageOrigin(stack) ?? '',
      MINIO_ROOT_USER: '${MINIO_ROOT_USER:-minioadmin}',
      MINIO_ROOT_PASS: required('MINIO_ROOT_PASS'),
      MINIO_BUCKET: '${MINIO_BUCKET:-uploads}',
      S3_APP_ACCESS_KEY: '${S3_APP_ACCESS_KEY:-psappaccess}',
      S3_APP_SECRET_KEY: required('S3_APP_SECRET_KEY'),
      LOKI_ACCESS_KEY: '${LOKI_ACCESS_KEY:-}',
      LOKI_SECRET_KEY: '${LOKI_SECRET_KEY:-}',
    },
    files: [
      file('app_policy', 'app-policy.json', bucketPolicy('${MINIO_BUCKET:-uploads}')),
      file('loki_policy', 'loki-policy.json', bucketPolicy('loki')),
      file('bucket_lifecycle', 'lifecycle.json', bucketLifecycle),
    ],
    hardened: false,
  };
}
