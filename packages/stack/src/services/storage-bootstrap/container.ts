// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { storageOrigin } from '../storage/endpoint.ts';
import { bucketLifecycle, bucketPolicy, bucketScript } from './buckets.ts';

export function storageBootstrapContainer(stack: Stack, service: ResolvedService): ContainerSpec {
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
