/** Holds one blob's file against its checksums, sealed or not: no key is needed for that. */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { crcBytes, storedUnitBytes, unitBytes, unitSeed } from './layout.ts';
import { tagBytes } from './seal.ts';

export interface BlobProblem {
  readonly kind: 'damagedBody' | 'missingBody';
  readonly reason: string;
}

export async function checkBlob(
  file: string,
  id: string,
  size: number,
  isSealed: boolean,
): Promise<BlobProblem | undefined> {
  const overhead = isSealed ? tagBytes : 0;
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { kind: 'missingBody', reason: 'its file is gone' };
  }
  try {
    const bytes = Buffer.allocUnsafe(storedUnitBytes(overhead));
    for (let unit = 0, left = size; left > 0; unit++, left -= unitBytes) {
      const wanted = Math.min(left, unitBytes) + overhead + crcBytes;
      const { bytesRead } = await handle.read(bytes, 0, wanted, unit * storedUnitBytes(overhead));
      if (bytesRead < wanted)
        return { kind: 'damagedBody', reason: 'its file is shorter than it was written' };
      const body = bytes.subarray(0, wanted - crcBytes);
      if (crc32(body, unitSeed(id, unit)) !== bytes.readUInt32LE(wanted - crcBytes))
        return { kind: 'damagedBody', reason: `it is damaged at byte ${unit * unitBytes}` };
    }
    return undefined;
  } finally {
    await handle.close();
  }
}
