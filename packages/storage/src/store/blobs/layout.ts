/**
 * How a blob's file is made: units of 128 KiB, each followed by the CRC-32 of what was written. The checksum begins from
 * the blob's name and the unit's place, so that a unit of elsewhere is no better than a damaged one. Pure.
 */
import { crc32 } from 'node:zlib';

export const unitBytes = 128 * 1024;
export const crcBytes = 4;

/** What the checksum of a unit begins with. */
export function unitSeed(id: string, unit: number): number {
  return crc32(`${id}/${unit}`);
}

/** Bytes that one whole unit takes. @param overhead bytes that sealing adds to a unit */
export function storedUnitBytes(overhead: number): number {
  return unitBytes + overhead + crcBytes;
}

/** `ab/cdef…`, under the folder of blobs. */
export function pathOf(id: string): string {
  return `${id.slice(0, 2)}/${id.slice(2)}`;
}

export function isBlobId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
