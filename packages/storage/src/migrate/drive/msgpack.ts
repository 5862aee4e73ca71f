/** MessagePack, as far as MinIO's files have it. Pure. @see https://github.com/msgpack/msgpack/blob/master/spec.md */

export type Unpacked =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly Unpacked[]
  | ReadonlyMap<string, Unpacked>;

const maxDepth = 16;

/** Reads one value after the other. @throws {RangeError} there is none */
export class Unpacker {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(depth = 0): Unpacked {
    if (depth > maxDepth) throw new RangeError('It is nested too deep');
    const tag = this.#uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.#map(tag & 0x0f, depth);
    if (tag < 0xa0) return this.#array(tag & 0x0f, depth);
    if (tag < 0xc0) return this.#take(tag & 0x1f).toString('utf8');
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return tag === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#uint(1 << (tag - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#uint(1 << (tag - 0xc7)));
      case 0xca:
        return this.#take(4).readFloatBE();
      case 0xcb:
        return this.#take(8).readDoubleBE();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (tag - 0xcc));
      case 0xcf:
        return narrow(this.#take(8).readBigUInt64BE());
      case 0xd0:
        return this.#take(1).readInt8();
      case 0xd1:
        return this.#take(2).readInt16BE();
      case 0xd2:
        return this.#take(4).readInt32BE();
      case 0xd3:
        return narrow(this.#take(8).readBigInt64BE());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (tag - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#take(this.#uint(1 << (tag - 0xd9))).toString('utf8');
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(tag === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(tag === 0xde ? 2 : 4), depth);
      default:
        throw new RangeError(`There is no value that begins with ${tag}`);
    }
  }

  #extension(length: number): Buffer {
    this.at++;
    return this.#take(length);
  }

  #array(length: number, depth: number): Unpacked[] {
    const values: Unpacked[] = [];
    for (let i = 0; i < length; i++) values.push(this.next(depth + 1));
    return values;
  }

  #map(length: number, depth: number): Map<string, Unpacked> {
    const values = new Map<string, Unpacked>();
    for (let i = 0; i < length; i++) values.set(String(this.next(depth + 1)), this.next(depth + 1));
    return values;
  }

  #uint(bytes: number): number {
    return this.#take(bytes).readUIntBE(0, bytes);
  }

  #take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError('It ends too early');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
