/** The checksums that S3 knows, as one table. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from '../errors/s3Error.ts';
import type { Checksum } from '../store/rows.ts';
import { Crc64, crc32c } from './crc.ts';

export type Algorithm = Checksum['algorithm'];

export interface Digest {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

interface Kind {
  readonly bytes: number;
  readonly make: () => Digest;
  /** What a multipart upload's is unless it says otherwise. */
  readonly ofParts: Checksum['type'];
  /** Types that a multipart upload may ask for. */
  readonly types: readonly Checksum['type'][];
}

const ofNumber = (update: (bytes: Buffer, crc: number) => number): Digest => {
  let crc = 0;
  return {
    update(bytes) {
      crc = update(bytes, crc);
    },
    digest() {
      const out = Buffer.allocUnsafe(4);
      out.writeUInt32BE(crc, 0);
      return out;
    },
  };
};

const hashed = (name: string): Digest => {
  const hash = createHash(name);
  return { update: bytes => void hash.update(bytes), digest: () => hash.digest() };
};

const both = ['COMPOSITE', 'FULL_OBJECT'] as const;

export const checksums: Readonly<Record<Algorithm, Kind>> = {
  CRC32: {
    bytes: 4,
    make: () => ofNumber((bytes, crc) => crc32(bytes, crc)),
    ofParts: 'COMPOSITE',
    types: both,
  },
  CRC32C: { bytes: 4, make: () => ofNumber(crc32c), ofParts: 'COMPOSITE', types: both },
  CRC64NVME: { bytes: 8, make: () => new Crc64(), ofParts: 'FULL_OBJECT', types: ['FULL_OBJECT'] },
  SHA1: { bytes: 20, make: () => hashed('sha1'), ofParts: 'COMPOSITE', types: ['COMPOSITE'] },
  SHA256: { bytes: 32, make: () => hashed('sha256'), ofParts: 'COMPOSITE', types: ['COMPOSITE'] },
};

const algorithms = Object.keys(checksums) as Algorithm[];

export function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** What an answer tells of a checksum. */
export function describeChecksum({ checksum }: { readonly checksum?: Checksum | undefined }): string[] {
  if (checksum === undefined) return [];
  return [headerOf(checksum.algorithm), checksum.value, 'x-amz-checksum-type', checksum.type];
}

export interface ExpectedChecksum {
  readonly algorithm: Algorithm;
  /** Base64; undefined while it is still to come, in a trailer. */
  readonly value: string | undefined;
  /** The server chose it: nothing is to be compared. */
  readonly isOwn?: true;
}

/**
 * What an upload says of its checksum.
 * @param trailers names that `x-amz-trailer` announces
 * @throws {S3Error} InvalidRequest
 */
export function readExpected(
  headers: Readonly<Record<string, string | undefined>>,
  trailers: readonly string[],
): ExpectedChecksum | undefined {
  const given = algorithms.filter(each => headers[headerOf(each)] !== undefined);
  const coming = algorithms.filter(each => trailers.includes(headerOf(each)));
  if (given.length + coming.length > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  const [algorithm] = [...given, ...coming];
  const named = readAlgorithm(headers['x-amz-sdk-checksum-algorithm']);
  if (algorithm === undefined) return named && { algorithm: named, value: undefined, isOwn: true };
  const value = headers[headerOf(algorithm)];
  if (value !== undefined) assertShape(algorithm, value);
  return { algorithm, value };
}

/** @throws {S3Error} InvalidRequest */
export function readAlgorithm(text: string | undefined): Algorithm | undefined {
  if (text === undefined || text === '') return undefined;
  const algorithm = algorithms.find(each => each === text.toUpperCase());
  if (algorithm === undefined)
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  return algorithm;
}

/** @throws {S3Error} BadDigest */
export function assertShape(algorithm: Algorithm, value: string): void {
  if (
    !/^[A-Za-z0-9+/]+={0,2}$/.test(value) ||
    Buffer.from(value, 'base64').length !== checksums[algorithm].bytes
  )
    throw new S3Error('BadDigest', `Value for ${headerOf(algorithm)} header is invalid.`);
}
