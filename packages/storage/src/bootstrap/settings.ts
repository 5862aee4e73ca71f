/** Which buckets and users a start makes. Pure. */
import { readSecret, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

/** A bucket, and the one user that may use it. */
export interface Tenant {
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** What its policy is called. */
  readonly policy: string;
  /** Versions are kept; replaced ones and uploads broken off go after a week. */
  readonly versioned: boolean;
  /** A service's own: the application's database is told nothing of it, and need not be up. */
  readonly aside: boolean;
}

/** The application's, and the log store's where it has keys. @throws {ConfigError} naming the variable */
export function readTenants(env: Env): Tenant[] {
  const tenants: Tenant[] = [];
  if (env.S3_APP_SECRET_KEY) {
    tenants.push({
      bucket: readString(env, 'MINIO_BUCKET', { default: 'uploads' }),
      accessKey: readString(env, 'S3_APP_ACCESS_KEY', { default: 'psappaccess' }),
      secretKey: readSecret(env, 'S3_APP_SECRET_KEY', { minLength: 8 }),
      policy: 'app-policy',
      versioned: true,
      aside: false,
    });
  }
  if (env.LOKI_ACCESS_KEY && env.LOKI_SECRET_KEY) {
    tenants.push({
      bucket: 'loki',
      accessKey: env.LOKI_ACCESS_KEY,
      secretKey: readSecret(env, 'LOKI_SECRET_KEY', { minLength: 8 }),
      policy: 'loki-policy',
      versioned: false,
      aside: true,
    });
  }
  return tenants;
}
