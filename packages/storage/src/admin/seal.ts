/**
 * How the admin API's secrets travel: sealed with the caller's own secret key, in fragments of 16 KiB.
 *
 * `salt 32 | cipher 1 | nonce 8 | fragments`. A fragment's nonce is the header's with a counter from 1; its additional
 * data say whether it is the last, so that none can be left out at the end.
 * @see https://github.com/secure-io/sio
 */
import {
  argon2,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { Gate } from '../gate.ts';

const saltBytes = 32;
const nonceBytes = 8;
const headBytes = saltBytes + 1 + nonceBytes;
const fragmentBytes = 16 * 1024;
const tagBytes = 16;
const keyBytes = 32;
const pbkdf2Rounds = 8192;

type Cipher = CipherGCMTypes | 'chacha20-poly1305';

/** By the byte after the salt. */
const schemes: Readonly<Record<number, { readonly cipher: Cipher; readonly derive: 'argon2' | 'pbkdf2' }>> = {
  0: { cipher: 'aes-256-gcm', derive: 'argon2' },
  1: { cipher: 'chacha20-poly1305', derive: 'argon2' },
  2: { cipher: 'aes-256-gcm', derive: 'pbkdf2' },
};
/** A key takes 64 MiB while it is made: one at a time, however many ask. */
const deriving = new Gate(1);

/** @param secretKey of who asks */
export async function seal(secretKey: string, data: Buffer): Promise<Buffer> {
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const id = canArgon2() ? 0 : 2;
  const { cipher, derive } = schemes[id]!;
  const stream = new Fragments(cipher, await deriveKey(derive, secretKey, salt), nonce);
  const pieces: Buffer[] = [salt, Buffer.of(id), nonce];
  const count = Math.max(1, Math.ceil(data.length / fragmentBytes));
  for (let i = 0; i < count; i++)
    pieces.push(stream.seal(data.subarray(i * fragmentBytes, (i + 1) * fragmentBytes), i === count - 1));
  return Buffer.concat(pieces);
}

/** @returns undefined for what was sealed with another key, or is none of it */
export async function unseal(secretKey: string, sealed: Buffer): Promise<Buffer | undefined> {
  const scheme = schemes[sealed[saltBytes] ?? -1];
  if (scheme === undefined || sealed.length < headBytes + tagBytes) return undefined;
  if (scheme.derive === 'argon2' && !canArgon2()) return undefined;
  const key = await deriveKey(scheme.derive, secretKey, sealed.subarray(0, saltBytes));
  const stream = new Fragments(scheme.cipher, key, sealed.subarray(saltBytes + 1, headBytes));
  const body = sealed.subarray(headBytes);
  const size = fragmentBytes + tagBytes;
  const pieces: Buffer[] = [];
  try {
    for (let at = 0; at < body.length; at += size)
      pieces.push(stream.open(body.subarray(at, at + size), at + size >= body.length));
  } catch {
    // The only failure is a tag that does not hold: another secret key, or other bytes.
    return undefined;
  }
  return Buffer.concat(pieces);
}

/** Since Node 24.7. */
function canArgon2(): boolean {
  return typeof argon2 === 'function';
}

async function deriveKey(how: 'argon2' | 'pbkdf2', secretKey: string, salt: Buffer): Promise<Buffer> {
  return await deriving.run(1, async () =>
    how === 'pbkdf2'
      ? await promisify(pbkdf2)(secretKey, salt, pbkdf2Rounds, keyBytes, 'sha256')
      : await promisify(argon2)('argon2id', {
          message: secretKey,
          nonce: salt,
          parallelism: 4,
          tagLength: keyBytes,
          memory: 64 * 1024,
          passes: 1,
        }),
  );
}

class Fragments {
  readonly #cipher: Cipher;
  readonly #key: Buffer;
  readonly #nonce: Buffer;
  /** Of nothing, under counter 0. */
  readonly #bound: Buffer;
  #counter = 0;

  constructor(cipher: Cipher, key: Buffer, nonce: Buffer) {
    this.#cipher = cipher;
    this.#key = key;
    this.#nonce = nonce;
    const first = this.#encrypt(this.#nextNonce(), Buffer.alloc(0), undefined);
    this.#bound = first;
  }

  seal(piece: Buffer, isLast: boolean): Buffer {
    return this.#encrypt(this.#nextNonce(), piece, this.#additional(isLast));
  }

  /** @throws when it is not what was sealed */
  open(piece: Buffer, isLast: boolean): Buffer {
    const decipher = createDecipheriv(this.#cipher as CipherGCMTypes, this.#key, this.#nextNonce(), {
      authTagLength: tagBytes,
    });
    const body = piece.subarray(0, piece.length - tagBytes);
    decipher.setAAD(this.#additional(isLast), { plaintextLength: body.length });
    decipher.setAuthTag(piece.subarray(piece.length - tagBytes));
    return Buffer.concat([decipher.update(body), decipher.final()]);
  }

  #encrypt(nonce: Buffer, piece: Buffer, additional: Buffer | undefined): Buffer {
    const cipher = createCipheriv(this.#cipher as CipherGCMTypes, this.#key, nonce, {
      authTagLength: tagBytes,
    });
    if (additional !== undefined) cipher.setAAD(additional, { plaintextLength: piece.length });
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }

  #additional(isLast: boolean): Buffer {
    return Buffer.concat([Buffer.of(isLast ? 0x80 : 0), this.#bound]);
  }

  #nextNonce(): Buffer {
    const nonce = Buffer.alloc(nonceBytes + 4);
    this.#nonce.copy(nonce);
    nonce.writeUInt32LE(this.#counter++, nonceBytes);
    return nonce;
  }
}
