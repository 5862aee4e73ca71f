/** CRC-32C and CRC-64/NVME, eight bytes a step; CRC-32 is Node's own. Pure. @see https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */

/** Reflected tables: `tables[k][b]` is what byte `b` becomes `k` bytes later. */
function tables32(polynomial: number): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[i] = crc >>> 0;
  }
  const all = [first];
  for (let k = 1; k < 8; k++) {
    const before = all[k - 1]!;
    all.push(before.map(crc => ((crc >>> 8) ^ first[crc & 0xff]!) >>> 0));
  }
  return all;
}

const castagnoli = tables32(0x82f63b78);

/** @param crc of what came before; 0 at the beginning */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = castagnoli as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let c = ~crc;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    c =
      t7[c & 0xff]! ^
      t6[(c >>> 8) & 0xff]! ^
      t5[(c >>> 16) & 0xff]! ^
      t4[c >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ t0[(c ^ bytes[i]!) & 0xff]!;
  return ~c >>> 0;
}

/** High and low halves apart: numbers of JavaScript hold no 64 bits. */
interface Halves {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

function tables64(high: number, low: number): Halves[] {
  const first = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let i = 0; i < 256; i++) {
    let h = 0;
    let l = i;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = ((l >>> 1) | (h << 31)) >>> 0;
      h >>>= 1;
      if (odd) {
        h = (h ^ high) >>> 0;
        l = (l ^ low) >>> 0;
      }
    }
    first.high[i] = h;
    first.low[i] = l;
  }
  const all: Halves[] = [first];
  for (let k = 1; k < 8; k++) {
    const before = all[k - 1]!;
    const next = { high: new Uint32Array(256), low: new Uint32Array(256) };
    for (let i = 0; i < 256; i++) {
      const out = before.low[i]! & 0xff;
      next.low[i] = (((before.low[i]! >>> 8) | (before.high[i]! << 24)) ^ first.low[out]!) >>> 0;
      next.high[i] = ((before.high[i]! >>> 8) ^ first.high[out]!) >>> 0;
    }
    all.push(next);
  }
  return all;
}

const nvme = tables64(0x9a6c9329, 0xac4bc9b5);

/** A CRC-64/NVME in the making. */
export class Crc64 {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(bytes: Uint8Array): void {
    let h = this.#high;
    let l = this.#low;
    const [t0, t1, t2, t3, t4, t5, t6, t7] = nvme as [
      Halves,
      Halves,
      Halves,
      Halves,
      Halves,
      Halves,
      Halves,
      Halves,
    ];
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      l ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      h ^= bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24);
      const a = l & 0xff;
      const b = (l >>> 8) & 0xff;
      const c = (l >>> 16) & 0xff;
      const d = l >>> 24;
      const e = h & 0xff;
      const f = (h >>> 8) & 0xff;
      const g = (h >>> 16) & 0xff;
      const k = h >>> 24;
      l =
        t7.low[a]! ^ t6.low[b]! ^ t5.low[c]! ^ t4.low[d]! ^ t3.low[e]! ^ t2.low[f]! ^ t1.low[g]! ^ t0.low[k]!;
      h =
        t7.high[a]! ^
        t6.high[b]! ^
        t5.high[c]! ^
        t4.high[d]! ^
        t3.high[e]! ^
        t2.high[f]! ^
        t1.high[g]! ^
        t0.high[k]!;
    }
    for (; i < bytes.length; i++) {
      const at = (l ^ bytes[i]!) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ t0.low[at]!;
      h = (h >>> 8) ^ t0.high[at]!;
    }
    this.#high = h;
    this.#low = l;
  }

  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeUInt32BE(~this.#high >>> 0, 0);
    bytes.writeUInt32BE(~this.#low >>> 0, 4);
    return bytes;
  }
}

interface Parameters {
  readonly width: 32 | 64;
  /** Reflected. */
  readonly polynomial: bigint;
}

const parameters: Readonly<Record<'CRC32' | 'CRC32C' | 'CRC64NVME', Parameters>> = {
  CRC32: { width: 32, polynomial: 0xedb88320n },
  CRC32C: { width: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** The CRC of two pieces one after the other, from theirs: the first is carried over as many zero bits as the second has. */
export function combineCrc(
  algorithm: keyof typeof parameters,
  first: Buffer,
  second: Buffer,
  secondBytes: number,
): Buffer {
  const { width, polynomial } = parameters[algorithm];
  // One zero bit, as a matrix whose columns are what single bits become.
  let power = Array.from({ length: width }, (_, i) => (i === 0 ? polynomial : 1n << BigInt(i - 1)));
  let crc = BigInt(`0x${first.toString('hex')}`);
  for (let bits = BigInt(secondBytes) * 8n; bits > 0n; bits >>= 1n) {
    if (bits & 1n) crc = times(power, crc);
    const square = power;
    power = square.map(column => times(square, column));
  }
  crc ^= BigInt(`0x${second.toString('hex')}`);
  return Buffer.from(crc.toString(16).padStart(width / 4, '0'), 'hex');
}

function times(matrix: readonly bigint[], vector: bigint): bigint {
  let sum = 0n;
  for (let i = 0; vector > 0n; i++, vector >>= 1n) if (vector & 1n) sum ^= matrix[i]!;
  return sum;
}
