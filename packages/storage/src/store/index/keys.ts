/**
 * Keys of the index, whose byte order is the order in which S3 lists. Pure.
 *
 * An object's rows are `bucket key 00 version`: UTF-8 sorts as S3 wants, and the NUL, which no key holds, keeps `a` before
 * `a0`. Versions are inverted, so that the newest comes first; the null version has the last place of its own, where it is
 * found without a search, and says itself how new it is.
 */
const bucketBytes = 4;
const versionBytes = 8;
const nullVersion = Buffer.alloc(versionBytes, 0xff);
const maxSequence = 2n ** 63n;
/** No object's key is longer: of what is, one byte more is enough to say what lies before and behind it. */
export const maxKeyBytes = 1024;

/** Before every row of the bucket. */
export function bucketStart(bucketId: number): Buffer {
  const bytes = Buffer.allocUnsafe(bucketBytes);
  bytes.writeUInt32BE(bucketId, 0);
  return bytes;
}

/** After every row of the bucket. */
export function bucketEnd(bucketId: number): Buffer {
  return bucketStart(bucketId + 1);
}

/** Before every row of keys that are this text or begin with it. */
export function prefixStart(bucketId: number, prefix: string | Buffer): Buffer {
  const whole = typeof prefix === 'string' ? Buffer.from(prefix) : prefix;
  const text = whole.length > maxKeyBytes ? whole.subarray(0, maxKeyBytes + 1) : whole;
  const bytes = Buffer.allocUnsafe(bucketBytes + text.length);
  bytes.writeUInt32BE(bucketId, 0);
  text.copy(bytes, bucketBytes);
  return bytes;
}

/** After every row of keys that begin with this text; the bucket's end where there is nothing after. */
export function prefixEnd(bucketId: number, prefix: string | Buffer): Buffer {
  const bytes = prefixStart(bucketId, prefix);
  for (let i = bytes.length - 1; i >= bucketBytes; i--) {
    if (bytes[i]! < 0xff) {
      bytes[i]!++;
      return bytes.subarray(0, i + 1);
    }
  }
  return bucketEnd(bucketId);
}

/** Before every version of the key. */
export function keyStart(bucketId: number, key: string): Buffer {
  return Buffer.concat([prefixStart(bucketId, key), Buffer.of(0)]);
}

/** After every version of the key. */
export function keyEnd(bucketId: number, key: string): Buffer {
  return Buffer.concat([prefixStart(bucketId, key), Buffer.of(1)]);
}

/** @param sequence undefined: the null version */
export function versionKey(bucketId: number, key: string, sequence?: number): Buffer {
  const text = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(bucketBytes + text + 1 + versionBytes);
  bytes.writeUInt32BE(bucketId, 0);
  bytes.write(key, bucketBytes);
  bytes[bucketBytes + text] = 0;
  if (sequence === undefined) nullVersion.copy(bytes, bucketBytes + text + 1);
  else bytes.writeBigUInt64BE(maxSequence - BigInt(sequence), bucketBytes + text + 1);
  return bytes;
}

/** The object's key, as bytes, of a row's. */
export function objectKeyOf(rowKey: Buffer): Buffer {
  return rowKey.subarray(bucketBytes, rowKey.length - versionBytes - 1);
}

/** Of uploads: those of one key in the order in which they began. */
export function uploadKey(bucketId: number, key: string, uploadId: string): Buffer {
  return Buffer.concat([keyStart(bucketId, key), Buffer.from(uploadId, 'latin1')]);
}

/** Where a version that has its name from elsewhere is. */
export function originKey(bucketId: number, key: string, versionId: string): Buffer {
  return Buffer.concat([keyStart(bucketId, key), Buffer.from(versionId, 'latin1')]);
}

export const uploadIdChars = 32;

/** Of an upload's row, or an object's. */
export function readBucketId(rowKey: Buffer): number {
  return rowKey.readUInt32BE(0);
}

/** The object's key and the upload's id, of an upload's row. */
export function readUploadKey(rowKey: Buffer): { readonly key: string; readonly uploadId: string } {
  const end = rowKey.length - uploadIdChars;
  return {
    key: rowKey.toString('utf8', bucketBytes, end - 1),
    uploadId: rowKey.toString('latin1', end),
  };
}

export function partKey(uploadId: string, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(uploadIdChars + 2);
  bytes.write(uploadId, 0, 'latin1');
  bytes.writeUInt16BE(number, uploadIdChars);
  return bytes;
}

export function numberKey(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(id));
  return bytes;
}

export function readNumberKey(key: Buffer): number {
  return Number(key.readBigUInt64BE());
}

export function textKey(text: string): Buffer {
  return Buffer.from(text);
}
