/** What an uploader says of an object in headers, and what is said of it in answers. Pure. */
import { decodeHeader, encodeHeader, isHeader } from '@peakstone/kernel/http';
import { S3Error } from '../errors/s3Error.ts';
import type { ObjectRow } from '../store/rows.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** Kept with the object, and given back as they came. */
const kept: Readonly<Record<string, string>> = {
  'cache-control': 'Cache-Control',
  'content-disposition': 'Content-Disposition',
  'content-encoding': 'Content-Encoding',
  'content-language': 'Content-Language',
  'content-type': 'Content-Type',
  expires: 'Expires',
  'x-amz-website-redirect-location': 'X-Amz-Website-Redirect-Location',
};

export const defaultType = 'binary/octet-stream';
const metadataPrefix = 'x-amz-meta-';
const maxMetadataBytes = 2048;

export function readKeptHeaders(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in kept) {
    const value = headers[name];
    if (value === undefined || value === '') continue;
    const text = name === 'content-encoding' ? withoutFraming(value) : decodeHeader(value);
    if (text !== '') found[name] = text;
  }
  found['content-type'] ??= defaultType;
  return found;
}

/** `aws-chunked` says how the bytes travel, not what they are. */
function withoutFraming(value: string): string {
  return value
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '' && each.toLowerCase() !== 'aws-chunked')
    .join(', ');
}

/** @throws {S3Error} MetadataTooLarge */
export function readMetadata(headers: Headers): Record<string, string> {
  const found: Record<string, string> = {};
  let bytes = 0;
  for (const name in headers) {
    if (!name.startsWith(metadataPrefix)) continue;
    const value = headers[name]!;
    const key = name.slice(metadataPrefix.length);
    if (key === '') continue;
    // A form's fields may be called anything.
    if (!isHeader(key, ''))
      throw new S3Error('InvalidArgument', 'Metadata has to have names that headers can have.');
    bytes += key.length + value.length;
    found[key] = decodeEncodedWords(decodeText(value));
  }
  if (bytes > maxMetadataBytes)
    throw new S3Error('MetadataTooLarge', {
      elements: { Size: String(bytes), MaxSizeAllowed: String(maxMetadataBytes) },
    });
  return found;
}

/** UTF-8, or what old clients send instead. */
function decodeText(value: string): string {
  const text = decodeHeader(value);
  return text.includes('\ufffd') ? value : text;
}

/** RFC 2047, which clients use for what is not ASCII. */
function decodeEncodedWords(text: string): string {
  return text.includes('=?')
    ? text.replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_whole, kind: string, words: string) =>
        kind.toLowerCase() === 'b'
          ? Buffer.from(words, 'base64').toString('utf8')
          : Buffer.from(
              words
                .replaceAll('_', ' ')
                .replace(/=([0-9A-F]{2})/gi, (_w, hex: string) =>
                  String.fromCharCode(Number.parseInt(hex, 16)),
                ),
              'latin1',
            ).toString('utf8'),
      )
    : text;
}

function encodeWord(text: string): string {
  return /[^\x20-\x7e\t]/.test(text) ? `=?UTF-8?b?${Buffer.from(text).toString('base64')}?=` : text;
}

/** Kept headers and metadata of an object. */
export function describeObject(row: ObjectRow): string[] {
  const headers: string[] = [];
  for (const name in row.headers) headers.push(kept[name]!, headerText(row.headers[name]!));
  for (const name in row.metadata) headers.push(`x-amz-meta-${name}`, encodeWord(row.metadata[name]!));
  return headers;
}

/** Printable, whatever an uploader wrote. */
function headerText(text: string): string {
  return encodeHeader(text.replace(/[\x00-\x1f\x7f]/g, ' '));
}

export function etagHeader({ etag }: ObjectRow): string {
  return `"${etag}"`;
}

/** Of what is told of a version on GET and HEAD alike. */
export function describeVersion(row: ObjectRow, isVersioned: boolean): string[] {
  const headers = [
    'ETag',
    etagHeader(row),
    'Last-Modified',
    new Date(row.modified).toUTCString(),
    'Accept-Ranges',
    'bytes',
  ];
  if (isVersioned) headers.push('x-amz-version-id', row.versionId);
  if (row.storageClass !== undefined && row.storageClass !== 'STANDARD')
    headers.push('x-amz-storage-class', row.storageClass);
  if (row.tags !== undefined && Object.keys(row.tags).length > 0)
    headers.push('x-amz-tagging-count', String(Object.keys(row.tags).length));
  if (row.retention !== undefined)
    headers.push(
      'x-amz-object-lock-mode',
      row.retention.mode,
      'x-amz-object-lock-retain-until-date',
      new Date(row.retention.until).toISOString(),
    );
  if (row.legalHold !== undefined) headers.push('x-amz-object-lock-legal-hold', row.legalHold ? 'ON' : 'OFF');
  return headers;
}

/** What a GET may have answered otherwise, by query. */
const overrides: Readonly<Record<string, string>> = {
  'response-cache-control': 'Cache-Control',
  'response-content-disposition': 'Content-Disposition',
  'response-content-encoding': 'Content-Encoding',
  'response-content-language': 'Content-Language',
  'response-content-type': 'Content-Type',
  'response-expires': 'Expires',
};

/** @throws {S3Error} InvalidRequest for anonymous callers */
export function overrideHeaders(
  headers: readonly string[],
  query: { get(name: string): string | undefined },
  isSigned: boolean,
): string[] {
  const changed: string[] = [];
  const replaced = new Set<string>();
  for (const name in overrides) {
    const value = query.get(name);
    if (value === undefined) continue;
    if (!isSigned)
      throw new S3Error(
        'InvalidRequest',
        'Request specific response headers cannot be used for anonymous GET requests.',
      );
    changed.push(overrides[name]!, headerText(value));
    replaced.add(overrides[name]!);
  }
  if (replaced.size === 0) return [...headers];
  const left: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (!replaced.has(headers[i]!)) left.push(headers[i]!, headers[i + 1]!);
  return [...left, ...changed];
}
