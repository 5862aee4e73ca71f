/** What TUS' headers and addresses say. Pure. */
import { StorageError } from '../errors.ts';

/** `name base64,name base64`. @throws {StorageError} InvalidParameter */
export function readMetadata(header: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const pair of header.split(',')) {
    const [name, value = '', ...more] = pair.trim().split(' ');
    if (!name) continue;
    if (more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
      throw new StorageError('InvalidParameter', 'Invalid Upload-Metadata header');
    const text = Buffer.from(value, 'base64').toString('utf8');
    if (text.includes('\0')) throw new StorageError('InvalidParameter', 'Invalid Upload-Metadata header');
    if (Object.hasOwn(found, name))
      throw new StorageError('InvalidParameter', 'Invalid Upload-Metadata header');
    Object.defineProperty(found, name, { value: text, enumerable: true });
  }
  return found;
}

/** Where an upload goes, and which it is. */
export interface UploadPlace {
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
}

export function writeUploadId({ bucket, key, id }: UploadPlace): string {
  return Buffer.from(`${bucket}/${key}/${id}`).toString('base64url');
}

/** Undefined: it is none. */
export function readUploadId(text: string): UploadPlace | undefined {
  const match = /^([^/\0]+)\/([^\0]+)\/([0-9a-f]{32})$/.exec(Buffer.from(text, 'base64url').toString('utf8'));
  return match === null ? undefined : { bucket: match[1]!, key: match[2]!, id: match[3]! };
}
