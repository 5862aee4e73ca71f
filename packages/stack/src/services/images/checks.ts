import type { Stack } from '../../definition.ts';
import type { Finding, Values } from '../service.ts';

/** Which addresses images may be fetched from. */
export function checkSources(_stack: Stack, values: Values): Finding[] {
  const name = 'IMGPROXY_ALLOWED_SOURCES';
  const value = values[name]?.trim();
  if (!value) return [];
  const sources = value.split(',').map(part => part.trim());
  const warning = (message: string, hint: string): Finding[] => [{ level: 'warning', name, message, hint }];
  const open = sources.find(source => /^(?:\*|https?:\/\/\*?\/?)$/.test(source));
  if (open !== undefined) {
    return warning(
      `'${open}' lets images be fetched from any host`,
      'list your own origins, such as https://s3.example.com/',
    );
  }
  const bucket = `s3://${values.MINIO_BUCKET?.trim() || 'uploads'}/`;
  const buckets = sources.filter(source => source.startsWith('s3://'));
  if (buckets.length === 0 || buckets.some(source => source.startsWith(bucket) || bucket.startsWith(source)))
    return [];
  return warning(
    `it names ${buckets.join(', ')}, but the bucket (MINIO_BUCKET) is ${bucket}`,
    `allow ${bucket}`,
  );
}
