/**
 * Server-side encryption. Every object has a random key of its own, which seals its bytes and is kept wrapped: by the key that
 * the customer sends with every request (SSE-C), or by the server's, which lies outside the data (SSE-S3, SSE-KMS).
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { isEqual } from '../../auth/equal.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { BucketRow, Sealed } from '../../store/rows.ts';

export interface Seal {
  readonly sealed: Sealed;
  readonly objectKey: Buffer;
}

type Headers = Readonly<Record<string, string | undefined>>;

const customer = 'x-amz-server-side-encryption-customer-';
const copySource = 'x-amz-copy-source-server-side-encryption-customer-';

/**
 * What an upload is to be sealed with: as its headers say, or its bucket; undefined for neither.
 * @throws {S3Error} for what cannot be
 */
export function sealFor(
  server: Pick<Server, 'config'>,
  { headers }: Pick<S3Request, 'headers'>,
  bucket: BucketRow,
): Seal | undefined {
  const customerKey = readCustomerKey(headers, customer);
  const algorithm = headers['x-amz-server-side-encryption'];
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  if (customerKey !== undefined) {
    if (algorithm !== undefined)
      throw new S3Error(
        'InvalidArgument',
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      );
    return seal({ kind: 'SSE-C', customerKeyMd5: customerKey.md5 }, customerKey.key);
  }
  if (algorithm === undefined && keyId !== undefined)
    throw new S3Error('InvalidArgument', 'The key id belongs to x-amz-server-side-encryption: aws:kms.');
  if (algorithm !== undefined && algorithm !== 'AES256' && algorithm !== 'aws:kms')
    throw new S3Error('InvalidArgument', 'The encryption method specified is not supported');
  if (algorithm === 'AES256' && keyId !== undefined)
    throw new S3Error('InvalidArgument', 'A key id belongs to aws:kms, not to AES256.');
  if (algorithm === 'aws:kms' && !keyId)
    throw new S3Error(
      'InvalidArgument',
      'The key of aws:kms has to be named: x-amz-server-side-encryption-aws-kms-key-id.',
    );
  const wanted = algorithm ?? bucket.encryption?.algorithm;
  if (wanted === undefined) return undefined;
  const { masterKey } = server.config;
  if (masterKey === undefined)
    throw new S3Error('NotImplemented', 'Server side encryption specified but KMS is not configured');
  const id = keyId ?? bucket.encryption?.keyId ?? masterKey.id;
  return wanted === 'AES256'
    ? seal({ kind: 'SSE-S3', keyId: masterKey.id }, serverKey(masterKey.key, masterKey.id))
    : seal({ kind: 'SSE-KMS', keyId: id }, serverKey(masterKey.key, id));
}

/**
 * The key of an object's bytes; undefined where they are not sealed.
 * @param from whose headers hold the customer's key: the request's own, or those of a copy's source
 * @throws {S3Error} InvalidRequest, AccessDenied
 */
export function openFor(
  server: Pick<Server, 'config'>,
  { headers }: Pick<S3Request, 'headers'>,
  sealed: Sealed | undefined,
  from: 'request' | 'source' = 'request',
): Buffer | undefined {
  const given = readCustomerKey(headers, from === 'request' ? customer : copySource);
  if (sealed === undefined || sealed.kind !== 'SSE-C') {
    if (given !== undefined)
      throw new S3Error('InvalidRequest', 'The encryption parameters are not applicable to this object.');
    if (sealed === undefined) return undefined;
    const { masterKey } = server.config;
    if (masterKey === undefined)
      throw new S3Error(
        'NotImplemented',
        'The object is encrypted by a key of the server’s, which it has not been given.',
      );
    return unwrap(sealed, serverKey(masterKey.key, sealed.keyId ?? ''));
  }
  if (given === undefined)
    throw new S3Error(
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    );
  if (!isEqual(given.md5, sealed.customerKeyMd5 ?? '')) throw mismatch();
  return unwrap(sealed, given.key);
}

export function encryptionHeaders(sealed: Sealed | undefined): string[] {
  switch (sealed?.kind) {
    case undefined:
      return [];
    case 'SSE-C':
      return [`${customer}algorithm`, 'AES256', `${customer}key-md5`, sealed.customerKeyMd5 ?? ''];
    case 'SSE-S3':
      return ['x-amz-server-side-encryption', 'AES256'];
    case 'SSE-KMS':
      return [
        'x-amz-server-side-encryption',
        'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id',
        sealed.keyId ?? '',
      ];
  }
}

function mismatch(cause?: unknown): S3Error {
  return new S3Error('InvalidRequest', {
    message: 'The provided encryption parameters did not match the ones used originally.',
    cause,
  });
}

/** On a read they mean nothing. @throws {S3Error} InvalidArgument */
export function assertNoServerEncryption({ headers }: S3Request): void {
  if (headers['x-amz-server-side-encryption'] !== undefined)
    throw new S3Error(
      'InvalidArgument',
      'x-amz-server-side-encryption header is not supported for this operation.',
    );
}

interface CustomerKey {
  readonly key: Buffer;
  readonly md5: string;
}

function readCustomerKey(headers: Headers, prefix: string): CustomerKey | undefined {
  const algorithm = headers[`${prefix}algorithm`];
  const text = headers[`${prefix}key`];
  const md5 = headers[`${prefix}key-md5`];
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  if (algorithm === undefined || text === undefined)
    throw new S3Error(
      'InvalidArgument',
      'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key and a valid encryption algorithm.',
    );
  if (algorithm !== 'AES256')
    throw new S3Error(
      'InvalidEncryptionAlgorithmError',
      'Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.',
    );
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32)
    throw new S3Error('InvalidArgument', 'The secret key was invalid for the specified algorithm.');
  const actual = createHash('md5').update(key).digest('base64');
  if (md5 === undefined || !isEqual(md5, actual))
    throw new S3Error(
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    );
  return { key, md5: actual };
}

/** A key of the server's, one for each name. */
function serverKey(master: Buffer, id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, id, 'peakstone-kms-v1', 32));
}

function seal(sealed: Omit<Sealed, 'wrappedKey'>, wrappingKey: Buffer): Seal {
  const objectKey = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek(wrappingKey), nonce);
  const wrapped = Buffer.concat([nonce, cipher.update(objectKey), cipher.final(), cipher.getAuthTag()]);
  return { sealed: { ...sealed, wrappedKey: wrapped.toString('base64') }, objectKey };
}

function unwrap({ wrappedKey }: Sealed, wrappingKey: Buffer): Buffer {
  const bytes = Buffer.from(wrappedKey, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', kek(wrappingKey), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  } catch (cause) {
    throw mismatch(cause);
  }
}

function kek(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'peakstone-wrap-v1', 32));
}
