/** MinIO's settings, as far as they mean something here. Pure. @see https://min.io/docs/minio/linux/reference/minio-server/settings.html */
import { ConfigError, readInt, readList, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { dayMs } from './lifecycle/due.ts';
import { readWebhooks, type Webhook } from './webhooks.ts';

export interface StorageConfig {
  readonly root: { readonly accessKey: string; readonly secretKey: string };
  /** Hosts whose subdomains are buckets. */
  readonly domains: readonly string[];
  /** What GetBucketLocation tells, and the only region that signs; undefined: `us-east-1`, and any signs. */
  readonly region: string | undefined;
  /** Of the server's own encryption (SSE-S3); undefined: it has none. */
  readonly masterKey: { readonly id: string; readonly key: Buffer } | undefined;
  /** Origins that browsers may come from where a bucket has no rules of its own. */
  readonly corsOrigins: readonly string[];
  /** Where notifications may go. */
  readonly webhooks: readonly Webhook[];
  /** Whether Prometheus needs a token. */
  readonly metricsAuth: 'jwt' | 'public';
  /** Length of a day for lifecycle rules: shorter for tests. */
  readonly lifecycleDayMs: number;
}

/** Everybody knows it. */
export const usualSecretKey = 'minioadmin';

const minAccessKey = 3;
const minSecretKey = 8;

/** @throws {ConfigError} naming the variable */
export function readStorageConfig(env: Env): StorageConfig {
  const accessKey = readString(env, 'MINIO_ROOT_USER', { default: env.MINIO_ACCESS_KEY || 'minioadmin' });
  const secretKey = env.MINIO_ROOT_PASSWORD || env.MINIO_ROOT_PASS || env.MINIO_SECRET_KEY || usualSecretKey;
  if (accessKey.length < minAccessKey || accessKey.includes('='))
    throw new ConfigError('MINIO_ROOT_USER', `at least ${minAccessKey} characters, none of them =`);
  if (secretKey.length < minSecretKey)
    throw new ConfigError('MINIO_ROOT_PASSWORD', `at least ${minSecretKey} characters`);
  return {
    root: { accessKey, secretKey },
    domains: readList(env, 'MINIO_DOMAIN', { default: [] }).map(domain => domain.toLowerCase()),
    region: env.MINIO_SITE_REGION || env.MINIO_REGION || undefined,
    masterKey: readMasterKey(env),
    webhooks: readWebhooks(env),
    metricsAuth: env.MINIO_PROMETHEUS_AUTH_TYPE?.toLowerCase() === 'public' ? 'public' : 'jwt',
    lifecycleDayMs: readInt(env, 'PEAKSTONE_STORAGE_DAY_MS', { default: dayMs, min: 100, max: dayMs }),
    corsOrigins: readList(env, 'MINIO_API_CORS_ALLOW_ORIGIN', { default: ['*'] }),
  };
}

/** `NAME:BASE64`, as MinIO's single-key KMS has it. */
function readMasterKey(env: Env): StorageConfig['masterKey'] {
  const text = env.MINIO_KMS_SECRET_KEY;
  if (!text) return undefined;
  const colon = text.indexOf(':');
  const key = Buffer.from(text.slice(colon + 1), 'base64');
  if (colon < 1 || key.length !== 32)
    throw new ConfigError('MINIO_KMS_SECRET_KEY', 'NAME:KEY, the key being 32 bytes in Base64', {
      hint: 'openssl rand -base64 32 makes one.',
    });
  return { id: text.slice(0, colon), key };
}
