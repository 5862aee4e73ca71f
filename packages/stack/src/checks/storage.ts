/** Checks of the object storage's names, and of what images may be fetched from. */
import { error, type ValueCheck, warning } from './check.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const isBucket: ValueCheck = value => {
  if (value === 'loki') return error('loki is the log store’s bucket', 'give the app one of its own');
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) && !/\.\.|^[\d.]+$/.test(value)
    ? undefined
    : error(`'${value}' is no bucket’s name`, 'use 3 to 63 lower-case letters, digits and hyphens');
};

/** Which addresses images may be fetched from. */
export const areSources: ValueCheck = (value, { values }) => {
  const sources = value.split(',').map(part => part.trim());
  const open = sources.find(source => /^(?:\*|https?:\/\/\*?\/?)$/.test(source));
  if (open !== undefined)
    return warning(
      `'${open}' lets images be fetched from any host`,
      'list your own origins, such as https://s3.example.com/',
    );
  const bucket = `s3://${values.MINIO_BUCKET?.trim() || 'uploads'}/`;
  const buckets = sources.filter(source => source.startsWith('s3://'));
  if (buckets.length > 0 && !buckets.some(source => source.startsWith(bucket) || bucket.startsWith(source)))
    return warning(
      `it names ${buckets.join(', ')}, but the bucket (MINIO_BUCKET) is ${bucket}`,
      `allow ${bucket}`,
    );
  return undefined;
};

/** What comes before every source must be allowed, or nothing is. */
export const isAllowedSource: ValueCheck = (value, { values }) => {
  const allowed = (values.IMGPROXY_ALLOWED_SOURCES ?? '').split(',').map(part => part.trim());
  return allowed.some(source => source !== '' && value.startsWith(source))
    ? undefined
    : warning(
        `${value} is not among IMGPROXY_ALLOWED_SOURCES, so that no image can be fetched`,
        `list it there, or leave IMGPROXY_BASE_URL empty`,
      );
};
