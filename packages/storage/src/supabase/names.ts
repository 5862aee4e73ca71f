/** What names, sizes and types may look like. Pure. */
import { StorageError } from './errors.ts';

const key = /^[\w/!.*'() &$=@;:+,?-]+$/;
const bucket = /^[\w!.*'() &$=@;:+,?-]{1,100}$/;
const mimeType = /^([\w\-+.]+)\/([\w\-+.]+)(;\s*charset=[\w-]+)?$|^[\w\-+.]+\/\*$|^\*$/;
const maxKeyBytes = 1024;
const maxTypeLength = 1000;
const units: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** Of what is written; what is there already may be called anything. @throws {StorageError} InvalidKey */
export function assertKey(name: string): void {
  if (!key.test(name) || name.length > maxKeyBytes)
    throw new StorageError('InvalidKey', `Invalid key: ${name}`);
}

/** @throws {StorageError} InvalidBucketName */
export function assertBucketName(name: string): void {
  if (!bucket.test(name)) throw new StorageError('InvalidBucketName');
}

/** Of one that is to be made. @throws {StorageError} InvalidBucketName */
export function assertNewBucketName(name: string): void {
  assertBucketName(name);
  if (name.trim() !== name || name.includes('..') || name === '.')
    throw new StorageError('InvalidBucketName');
}

/** Bytes of `20MB` or a number of them. @throws {StorageError} InvalidRequest */
export function readSize(value: string | number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return Math.floor(value);
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(gb|mb|kb|b)$/i.exec(String(value));
  if (match === null)
    throw new StorageError('InvalidRequest', 'Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B');
  return Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!);
}

/** @throws {StorageError} InvalidMimeType */
export function assertMimeType(type: string): void {
  if (type.length > maxTypeLength || !mimeType.test(type))
    throw new StorageError('InvalidMimeType', `mime type ${type} is not supported`);
}

/** PostgreSQL's text holds none. @throws {StorageError} InvalidKey */
export function assertNoNul(name: string): void {
  if (name === '' || name.includes('\0')) throw new StorageError('InvalidKey', 'Invalid key: ');
}
