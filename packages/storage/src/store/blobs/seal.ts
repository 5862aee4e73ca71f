/**
 * Encryption of a blob, unit by unit: AES-256-GCM under a key of the blob's own, with the unit's place as the nonce, so
 * that units can be read alone but neither moved nor exchanged. Pure.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

export const tagBytes = 16;

export interface UnitCipher {
  seal(unit: number, plain: Buffer): Buffer;
  /** @throws when it is not what was sealed */
  open(unit: number, sealed: Buffer): Buffer;
}

/** @param objectKey 32 bytes @param blobId of which no two are alike */
export function unitCipher(objectKey: Buffer, blobId: string): UnitCipher {
  const key = Buffer.from(hkdfSync('sha256', objectKey, blobId, 'peakstone-blob-v1', 32));
  const nonceOf = (unit: number): Buffer => {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(unit, 8);
    return nonce;
  };
  return {
    seal(unit, plain) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(unit));
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(unit, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(unit));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()]);
    },
  };
}
