/**
 * The form in which every object lies in the store: a header, then frames of at most a megabyte, each with a tag. Encrypted, the
 * tag is AES-256-GCM's under a key of this object's own; else it is a part of a SHA-256. Either way a changed, cut, lengthened or
 * reordered object, and one that lies under another's name, is told from a whole one.
 *
 * ```text
 * header  'PSB1'  flags  0 0 0  key id (8)  salt (16)
 * frame   length (4, the highest bit in the last one)  bytes  tag (16)
 * ```
 * @see https://eprint.iacr.org/2015/189 STREAM, whose counter and last-frame flag stand in the nonce
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { BackupError } from '../errors.ts';
import { type BackupKey, type Keyring, noKeyId } from './keys.ts';

const magic = Buffer.from('PSB1');
const headerBytes = 32;
const frameBytes = 1024 * 1024;
const tagBytes = 16;
const lastFrame = 0x8000_0000;
const flagCompressed = 1;
const flagEncrypted = 2;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export interface SealOptions {
  /** What the object is called: it is accepted under no other name. */
  readonly name: string;
  /** Encrypts. */
  readonly key?: BackupKey | undefined;
  /** Default true; false for what is compressed already. */
  readonly compress?: boolean;
}

/** @param bytes of at most a gigabyte */
export async function seal(
  bytes: Uint8Array,
  { name, key, compress: wanted = true }: SealOptions,
): Promise<Buffer> {
  const body = wanted ? await compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }) : bytes;
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header[4] = (wanted ? flagCompressed : 0) | (key ? flagEncrypted : 0);
  (key?.id ?? noKeyId).copy(header, 8);
  randomBytes(16).copy(header, 16);
  const tagger = createTagger(header, name, key);
  const frames = Math.max(1, Math.ceil(body.length / frameBytes));
  const pieces: Uint8Array[] = [header];
  for (let number = 0; number < frames; number++) {
    const plain = body.subarray(number * frameBytes, (number + 1) * frameBytes);
    const isLast = number === frames - 1;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(plain.length + (isLast ? lastFrame : 0));
    pieces.push(length, ...tagger.close(plain, number, isLast));
    // A frame takes about a millisecond.
    if (!isLast) await turn();
  }
  return Buffer.concat(pieces);
}

/**
 * @param name under which it was found
 * @param maxBytes that it may have once it is decompressed
 * @throws {BackupError} CORRUPT, KEY
 */
export async function unseal(
  sealed: Buffer,
  { name, keys, maxBytes }: { readonly name: string; readonly keys: Keyring; readonly maxBytes: number },
): Promise<Buffer> {
  if (sealed.length < headerBytes + 4 + tagBytes || !sealed.subarray(0, 4).equals(magic))
    throw corrupt(name, 'it is not what was written');
  const header = sealed.subarray(0, headerBytes);
  const flags = header[4]!;
  const key = flags & flagEncrypted ? findKey(keys, header.subarray(8, 16), name) : undefined;
  // Otherwise whoever may write in the store could put in plain what nobody signed.
  if (!(flags & flagEncrypted) && keys.demands)
    throw corrupt(name, 'it is not encrypted, as all of these backups are');
  const tagger = createTagger(header, name, key);
  const pieces: Buffer[] = [];
  let at = headerBytes;
  for (let number = 0; ; number++) {
    if (at + 4 > sealed.length) throw corrupt(name, 'its end is missing');
    const word = sealed.readUInt32BE(at);
    const isLast = word >= lastFrame;
    const length = isLast ? word - lastFrame : word;
    const end = at + 4 + length + tagBytes;
    if (length > frameBytes || end > sealed.length) throw corrupt(name, 'its end is missing');
    const plain = tagger.open(
      sealed.subarray(at + 4, end - tagBytes),
      sealed.subarray(end - tagBytes, end),
      number,
      isLast,
    );
    if (plain === undefined) throw corrupt(name, 'its bytes are not those that were written');
    pieces.push(plain);
    at = end;
    if (isLast) break;
    await turn();
  }
  if (at !== sealed.length) throw corrupt(name, 'it is longer than what was written');
  const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  if (!(flags & flagCompressed)) return body;
  try {
    return await decompress(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw corrupt(name, `it cannot be decompressed (${(error as Error).message})`);
  }
}

/** @throws {BackupError} KEY, naming what cannot be read */
function findKey(keys: Keyring, id: Buffer, name: string): BackupKey {
  try {
    return keys.find(id);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new BackupError(
      error.code,
      `${name} in the store cannot be read: ${error.message}`,
      error.hint,
      error,
    );
  }
}

/** Of the key that it says it is sealed with; {@link noKeyId} where it is not encrypted. */
export function keyIdOf(sealed: Buffer): Buffer {
  return sealed.subarray(8, 16);
}

interface Tagger {
  /** The frame's bytes and its tag. */
  close(plain: Uint8Array, number: number, isLast: boolean): [Uint8Array, Uint8Array];
  /** The plain bytes; undefined when the tag is not theirs. */
  open(bytes: Buffer, tag: Buffer, number: number, isLast: boolean): Buffer | undefined;
}

function createTagger(header: Buffer, name: string, key: BackupKey | undefined): Tagger {
  const bound = Buffer.concat([header, Buffer.from(name)]);
  if (key === undefined) return plainTagger(bound);
  const own = Buffer.from(
    hkdfSync('sha256', key.bytes, header.subarray(16, 32), 'peakstone backup object', 32),
  );
  return {
    close(plain, number, isLast) {
      const cipher = createCipheriv('aes-256-gcm', own, nonceOf(number, isLast)).setAAD(bound);
      const bytes = cipher.update(plain);
      cipher.final();
      return [bytes, cipher.getAuthTag()];
    },
    open(bytes, tag, number, isLast) {
      const decipher = createDecipheriv('aes-256-gcm', own, nonceOf(number, isLast), {
        authTagLength: tagBytes,
      })
        .setAAD(bound)
        .setAuthTag(tag);
      const plain = decipher.update(bytes);
      try {
        decipher.final();
        return plain;
      } catch {
        // The only way in which Node tells of a tag that does not fit.
        return undefined;
      }
    },
  };
}

function plainTagger(bound: Buffer): Tagger {
  const tagOf = (plain: Uint8Array, number: number, isLast: boolean): Buffer =>
    createHash('sha256')
      .update(bound)
      .update(nonceOf(number, isLast))
      .update(plain)
      .digest()
      .subarray(0, tagBytes);
  return {
    close: (plain, number, isLast) => [plain, tagOf(plain, number, isLast)],
    open: (bytes, tag, number, isLast) => (tagOf(bytes, number, isLast).equals(tag) ? bytes : undefined),
  };
}

/** The key is of one object only, so that counting suffices. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function corrupt(name: string, why: string): BackupError {
  return new BackupError(
    'CORRUPT',
    `${name} in the store is damaged: ${why}.`,
    'Restore from a backup that verifies (peakstone backup verify), and make a new full one.',
  );
}
