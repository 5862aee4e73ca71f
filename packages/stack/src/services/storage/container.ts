// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, passedOn, required } from '../../container/basics.ts';
import { connectionVariables } from '../../container/connection.ts';
import { ownImage, pinnedImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { picturesOrigin } from '../images/endpoint.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { storageOrigin } from './endpoint.ts';
import { type StoragePlace, storageEnvironment } from './environment.ts';

/** The same variable names another server's image. */
const rustfsImage = { variable: 'MINIO_IMAGE', pin: 'rustfs/rustfs:1.0.0' };

const s3Port = { container: 9000, local: '${PUBLISH_MINIO:-127.0.0.1:9000}' };
const s3Route = { name: 'files', domain: 'DOMAIN_FILES', port: 9000 };

/** The service of pictures of this stack. */
function pictures(stack: Stack): StoragePlace['pictures'] {
  const url = picturesOrigin(stack);
  const ownOrigin = storageOrigin(stack);
  if (url === undefined || ownOrigin === undefined) return null;
  return {
    url,
    ownOrigin,
    key: '${IMGPROXY_KEY_HEX:-}',
    salt: '${IMGPROXY_SALT_HEX:-}',
  };
}

export function storageContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const shared = {
    ...basics(stack, service),
    volumes: [{ source: '${MINIO_DATA_HOST_DIR:-storage_data}', volume: 'storage_data', target: '/data' }],
    ports: [s3Port, { container: 9001, local: '${PUBLISH_MINIO_CONSOLE:-127.0.0.1:9001}' }],
    routes: [s3Route, { name: 'files-console', domain: 'DOMAIN_MINIO_CONSOLE', port: 9001 }],
    hardened: false,
    stopGraceS: 30,
  };
  if (service.engine === 'peakstone') {
    return {
      ...shared,
      image: ownImage(stack, service.definition),
      command: ['storage', 'serve'],
      environment: {
        MINIO_ROOT_USER: '${MINIO_ROOT_USER:-minioadmin}',
        MINIO_ROOT_PASS: required('MINIO_ROOT_PASS'),
        // The buckets and users that it makes where they are missing.
        ...passedOn([
          { name: 'MINIO_BUCKET', value: 'uploads' },
          { name: 'S3_APP_ACCESS_KEY', value: 'psappaccess' },
          { name: 'S3_APP_SECRET_KEY' },
          { name: 'LOKI_ACCESS_KEY' },
          { name: 'LOKI_SECRET_KEY' },
          { name: 'MINIO_DOMAIN' },
          { name: 'MINIO_KMS_SECRET_KEY' },
          { name: 'MINIO_API_CORS_ALLOW_ORIGIN' },
          { name: 'FILE_SIZE_LIMIT' },
        ]),
        ...connectionVariables(databaseEndpoint(stack), 'db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
        ...storageEnvironment({
          // Where, as whom and with which password stands in the PG* variables.
          databaseUri: 'postgresql://',
          jwtSecret: required('JWT_SECRET'),
          supabase: `\${DATABASE_SUPABASE:-${stack.supabase}}`,
          pictures: pictures(stack),
        }),
        PEAKSTONE_STORAGE_DIR: '/data',
        PEAKSTONE_STORAGE_HOST: '0.0.0.0',
        PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:9000/minio/health/ready',
      },
      ports: [s3Port],
      routes: [s3Route],
      tmpfs: ['/tmp'],
      health: builtInHealth,
      hardened: true,
    };
  }
  if (stack.storage === 'rustfs') {
    return {
      ...shared,
      image: pinnedImage(rustfsImage),
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
    image: upstreamImage(service.definition),
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
