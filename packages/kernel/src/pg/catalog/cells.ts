import type { Cell } from '../types.ts';

export function readText(cell: Cell | undefined): string {
  return cell ? cell.toString() : '';
}

export function readNullable(cell: Cell | undefined): string | null {
  return cell ? cell.toString() : null;
}

/** An integer; 0 for null. */
export function readInteger(cell: Cell | undefined): number {
  return cell ? Number(cell.toString('latin1')) : 0;
}

/** A boolean that the query cast to int. */
export function readFlag(cell: Cell | undefined): boolean {
  return cell !== null && cell !== undefined && cell[0] === 0x31;
}

/** JSON of a shape that the query itself determines. */
export function readJson<T>(cell: Cell | undefined, absent: T): T {
  return cell ? (JSON.parse(cell.toString()) as T) : absent;
}

/** Unsigned integers separated by single spaces. */
export function readIntegers(cell: Cell | undefined): Uint32Array {
  if (!cell || cell.length === 0) return new Uint32Array(0);
  let count = 1;
  for (let at = 0; at < cell.length; at++) if (cell[at] === 0x20) count++;
  const integers = new Uint32Array(count);
  let index = 0;
  let value = 0;
  for (let at = 0; at < cell.length; at++) {
    const byte = cell[at]!;
    if (byte === 0x20) {
      integers[index++] = value;
      value = 0;
    } else value = value * 10 + byte - 0x30;
  }
  integers[index] = value;
  return integers;
}
