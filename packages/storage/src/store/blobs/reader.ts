/** Reads a range of one blob's file; every unit is held against its checksum before a byte of it leaves. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { CorruptionError } from '../rows.ts';
import { crcBytes, storedUnitBytes, unitBytes, unitSeed } from './layout.ts';
import { tagBytes, type UnitCipher } from './seal.ts';

/** Bytes that all readers together read ahead. */
const maxReadBytes = 32 * 1024 * 1024;
const mostUnits = 8;
let readers = 0;

export interface BlobRange {
  readonly id: string;
  /** Of the whole blob. */
  readonly size: number;
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

/** @throws {CorruptionError} */
export async function* readBlob(
  file: FileHandle,
  { id, size, start, end }: BlobRange,
  cipher: UnitCipher | undefined,
): AsyncGenerator<Buffer> {
  const overhead = cipher === undefined ? 0 : tagBytes;
  const stored = storedUnitBytes(overhead);
  const lastUnit = Math.ceil(end / unitBytes);
  readers++;
  try {
    for (let unit = Math.floor(start / unitBytes); unit < lastUnit; ) {
      const share = Math.max(1, Math.min(mostUnits, Math.floor(maxReadBytes / unitBytes / readers)));
      const count = Math.min(share, lastUnit - unit);
      const plainEnd = Math.min((unit + count) * unitBytes, size);
      const length = plainEnd - unit * unitBytes + count * (overhead + crcBytes);
      const bytes = Buffer.allocUnsafeSlow(length);
      await readWhole(file, bytes, unit * stored, id);
      for (let i = 0; i < count; i++, unit++) {
        const piece = bytes.subarray(i * stored, Math.min((i + 1) * stored, length));
        const sealed = piece.subarray(0, piece.length - crcBytes);
        if (crc32(sealed, unitSeed(id, unit)) !== piece.readUInt32LE(sealed.length)) throw damaged(id, unit);
        const plain = cipher === undefined ? sealed : cipher.open(unit, sealed);
        const from = Math.max(0, start - unit * unitBytes);
        const to = Math.min(plain.length, end - unit * unitBytes);
        yield from === 0 && to === plain.length ? plain : plain.subarray(from, to);
      }
    }
  } finally {
    readers--;
  }
}

async function readWhole(file: FileHandle, bytes: Buffer, position: number, id: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) throw new CorruptionError(`Blob ${id} is shorter than it was written`);
    at += bytesRead;
  }
}

function damaged(id: string, unit: number): CorruptionError {
  return new CorruptionError(`Blob ${id} is damaged at byte ${unit * unitBytes}`);
}
