// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** Object storage, its bootstrap, and image transformation. */
import type { Stack } from '../../definition.ts';
import { bucketLifecycle, bucketPolicy, bucketScript } from '../configs/buckets.ts';
import { type ContainerSpec, literal } from '../container.ts';
import { httpOrigin } from '../endpoints.ts';
import { upstreamImage } from '../images.ts';
import { after, basics, required } from './common.ts';

export function storageContainer(stack: Stack): ContainerSpec {
  const shared = {
    ...basics(stack, 'storage'),
    volumes: [{ source: '${MINIO_DATA_HOST_DIR:-storage_data}', volume: 'storage_data', target: '/data' }],
    ports: [
      { container: 9000, local: '${PUBLISH_MINIO:-127.0.0.1:9000}' },
      { container: 9001, local: '${PUBLISH_MINIO_CONSOLE:-127.0.0.1:9001}' },
    ],
    routes: [
      { name: 'files', domain: 'DOMAIN_FILES', port: 9000 },
      { name: 'files-console', domain: 'DOMAIN_MINIO_CONSOLE', port: 9001 },
    ],
    hardened: false,
    stopGraceS: 30,
  };
  if (stack.storage === 'rustfs') {
    return {
      ...shared,
      image: upstreamImage('MINIO_IMAGE', 'RUSTFS_IMAGE'),
      command: ['/data'],
      environment: {
        RUSTFS_ACCESS_KEY: '${MINIO_ROOT_USER:-minioadmin}',
        RUSTFS_SECRET_KEY: required('MINIO_ROOT_PASS'),
        RUSTFS_ADDRESS: ':9000',
        RUSTFS_CONSOLE_ADDRESS: ':9001',
        RUSTFS_CONSOLE_ENABLE: 'true',
        RUSTFS_OBS_LOGGER_LEVEL: 'warn',
        // The image logs to files inside the container; without a folder it logs to standard output.
        RUSTFS_OBS_LOG_DIRECTORY: '',
      },
      health: {
        test: ['CMD-SHELL', 'curl -fsS http://127.0.0.1:9000/health > /dev/null || exit 1'],
        intervalS: 15,
        timeoutS: 5,
        retries: 5,
        startPeriodS: 30,
      },
    };
  }
  return {
    ...shared,
    image: upstreamImage('MINIO_IMAGE'),
    command: ['server', '/data', '--console-address', ':9001'],
    environment: {
      MINIO_ROOT_USER: '${MINIO_ROOT_USER:-minioadmin}',
      MINIO_ROOT_PASSWORD: required('MINIO_ROOT_PASS'),
    },
    health: {
      test: ['CMD', 'mc', 'ready', 'local'],
      intervalS: 15,
      timeoutS: 5,
      retries: 5,
      startPeriodS: 30,
    },
  };
}

export function storageBootstrapContainer(stack: Stack): ContainerSpec {
  const file = (name: string, target: string, content: string) => ({
    name,
    target: `/bootstrap/${target}`,
    content,
  });
  return {
    ...basics(stack, 'storage-bootstrap'),
    image: upstreamImage('MINIO_MC_IMAGE'),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(bucketScript)],
    environment: {
      // mc keeps its aliases in a file; the image's home may not be writable for the user it runs as.
      MC_CONFIG_DIR: '/tmp/.mc',
      MINIO_ALIAS: '${MINIO_ALIAS:-minio}',
      MINIO_ENDPOINT: httpOrigin(stack, 'storage', 9000) ?? '',
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
    after: after(stack, 'storage'),
    hardened: false,
  };
}

/** @see https://docs.imgproxy.net/configuration/options */
export function imagesContainer(stack: Stack): ContainerSpec {
  const storage = httpOrigin(stack, 'storage', 9000);
  return {
    ...basics(stack, 'images'),
    image: upstreamImage('IMGPROXY_IMAGE'),
    environment: {
      IMGPROXY_KEY: required('IMGPROXY_KEY_HEX'),
      IMGPROXY_SALT: required('IMGPROXY_SALT_HEX'),
      IMGPROXY_BASE_URL: '${IMGPROXY_BASE_URL:-}',
      IMGPROXY_ALLOWED_SOURCES: required('IMGPROXY_ALLOWED_SOURCES'),
      IMGPROXY_AUTO_WEBP: 'true',
      IMGPROXY_MAX_SRC_RESOLUTION: '80',
      ...(storage === undefined ? {} : bucketSource(storage)),
    },
    health: {
      test: ['CMD', 'imgproxy', 'health'],
      intervalS: 15,
      timeoutS: 10,
      retries: 5,
      startPeriodS: 15,
    },
    ports: [{ container: 8080, local: '${PUBLISH_IMGPROXY:-127.0.0.1:8081}' }],
    routes: [{ name: 'images', domain: 'DOMAIN_IMG', port: 8080 }],
    hardened: false,
  };
}

/** The bucket is private: without its user imgproxy could fetch only addresses that were signed beforehand. */
function bucketSource(storageOrigin: string): Record<string, string> {
  return {
    IMGPROXY_USE_S3: 'true',
    IMGPROXY_S3_ENDPOINT: storageOrigin,
    IMGPROXY_S3_REGION: '${AWS_REGION:-us-east-1}',
    AWS_ACCESS_KEY_ID: '${S3_APP_ACCESS_KEY:-psappaccess}',
    AWS_SECRET_ACCESS_KEY: required('S3_APP_SECRET_KEY'),
  };
}
