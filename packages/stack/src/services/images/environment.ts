import type { Env } from '@peakstone/kernel/service';

/** What only the place where it runs knows. */
export interface ImagesPlace {
  readonly key: string;
  readonly salt: string;
  /** Put before every source that does not begin with it. */
  readonly baseUrl: string;
  /** Prefixes, separated by commas. */
  readonly allowedSources: string;
  /** Null when there is no object storage. */
  readonly bucket: {
    readonly origin: string;
    readonly region: string;
    readonly accessKey: string;
    readonly secretKey: string;
  } | null;
}

/** The stack's settings in the reference's words, here and in containers. Pure. */
export function imagesEnvironment(place: ImagesPlace): Record<string, string> {
  return {
    IMGPROXY_KEY: place.key,
    IMGPROXY_SALT: place.salt,
    IMGPROXY_BASE_URL: place.baseUrl,
    IMGPROXY_ALLOWED_SOURCES: place.allowedSources,
    IMGPROXY_AUTO_WEBP: 'true',
    IMGPROXY_MAX_SRC_RESOLUTION: '80',
    ...(place.bucket === null ? {} : bucketSource(place.bucket)),
  };
}

/** The bucket is private: it is read as its user, or only addresses that were signed beforehand could be fetched. */
function bucketSource(bucket: NonNullable<ImagesPlace['bucket']>): Record<string, string> {
  return {
    IMGPROXY_USE_S3: 'true',
    IMGPROXY_S3_ENDPOINT: bucket.origin,
    IMGPROXY_S3_REGION: bucket.region,
    AWS_ACCESS_KEY_ID: bucket.accessKey,
    AWS_SECRET_ACCESS_KEY: bucket.secretKey,
  };
}

/** What our own service does beyond its reference's defaults: strangers may ask it, so that who waits is told when it is too much. */
export const imagesDefaults = {
  IMGPROXY_REQUESTS_QUEUE_SIZE: '256',
} as const;

/** The settings on this machine; what the operator set in the reference's words wins. Pure. @param origin the object storage's */
export function imagesSettings(env: Env, origin: string | null): Env {
  // An empty list would let anything be fetched that a URL names.
  const bucket = `s3://${env.MINIO_BUCKET || 'uploads'}/`;
  const defaults = imagesEnvironment({
    key: env.IMGPROXY_KEY_HEX ?? '',
    salt: env.IMGPROXY_SALT_HEX ?? '',
    baseUrl: env.IMGPROXY_BASE_URL ?? bucket,
    allowedSources: env.IMGPROXY_ALLOWED_SOURCES || bucket,
    bucket:
      origin === null
        ? null
        : {
            origin,
            region: env.AWS_REGION || 'us-east-1',
            accessKey: env.S3_APP_ACCESS_KEY || 'psappaccess',
            secretKey: env.S3_APP_SECRET_KEY ?? '',
          },
  });
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('IMGPROXY_') && value);
  return { ...defaults, ...imagesDefaults, ...Object.fromEntries(own) };
}
