/** An object as the database tells of it. Pure. */
import type { ObjectRecord, ObjectRow } from '../store/rows.ts';
import { defaultType } from '../wire/objectHeaders.ts';

type Described = Pick<ObjectRow, 'etag' | 'size' | 'headers' | 'modified'>;

/** Column `metadata`. */
export function metadataOf(row: Described, record: Pick<ObjectRecord, 'xRobotsTag'> | undefined): string {
  return JSON.stringify({
    eTag: `"${row.etag}"`,
    size: row.size,
    mimetype: row.headers['content-type'] ?? defaultType,
    cacheControl: row.headers['cache-control'] ?? 'no-cache',
    lastModified: new Date(row.modified).toISOString(),
    contentLength: row.size,
    httpStatusCode: 200,
    ...(record?.xRobotsTag !== undefined && { xRobotsTag: record.xRobotsTag }),
  });
}

const maxMetadataBytes = 2048;

/** What of a JSON object S3 can tell: texts, under names that headers can have. */
export function s3MetadataOf(
  userMetadata: Readonly<Record<string, unknown>> | undefined,
): Record<string, string> {
  const found: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(userMetadata ?? {})) {
    if (!/^[a-z0-9_.-]{1,128}$/i.test(name) || !['string', 'number', 'boolean'].includes(typeof value))
      continue;
    const text = String(value);
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) continue;
    bytes += name.length + Buffer.byteLength(text);
    if (bytes > maxMetadataBytes) break;
    found[name.toLowerCase()] = text;
  }
  return found;
}
