/** ICO: a folder of PNG files and of BMP files without their first header. Pure. */

export interface IcoEntry {
  readonly kind: 'png' | 'bmp';
  readonly width: number;
  readonly height: number;
  /** A whole file. */
  readonly data: Buffer;
}

const ENTRY = 16;

/** The largest picture of an ICO. @throws {RangeError} there is none, or it is cut off */
export function readIco(file: Buffer): IcoEntry {
  const count = file.readUInt16LE(4);
  let best: { width: number; height: number; size: number; offset: number } | null = null;
  for (let i = 0; i < count; i++) {
    const at = 6 + i * ENTRY;
    const width = file.readUInt8(at) || 256;
    const height = file.readUInt8(at + 1) || 256;
    if (best === null || width > best.width || height > best.height) {
      best = { width, height, size: file.readUInt32LE(at + 8), offset: file.readUInt32LE(at + 12) };
    }
  }
  if (best === null || best.offset === 0) throw new RangeError('ICO: there is no picture in it');
  const body = file.subarray(best.offset, best.offset + best.size);
  if (body.length < best.size || body.length < 40) throw new RangeError('ICO: its picture is cut off');
  const { width, height } = best;
  if (body.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n') return { kind: 'png', width, height, data: body };
  return { kind: 'bmp', width, height, data: withFileHeader(body) };
}

/** As a BMP of its own; the height that stands there counts a mask, which is not looked at. */
function withFileHeader(body: Buffer): Buffer {
  const bits = body.readUInt16LE(14);
  const colours = body.readUInt32LE(32) || (bits <= 8 ? 2 ** bits : 0);
  const file = Buffer.alloc(14 + body.length);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(14 + 40 + colours * 4, 10);
  body.copy(file, 14);
  file.writeInt32LE(Math.trunc(body.readInt32LE(8) / 2), 22);
  return file;
}

/** An ICO of one PNG. */
export function encodeIco(png: Buffer, width: number, height: number, alpha: boolean): Buffer {
  const head = Buffer.alloc(6 + ENTRY);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  head[6] = width & 255;
  head[7] = height & 255;
  head.writeUInt16LE(1, 10);
  head.writeUInt16LE(alpha ? 32 : 24, 12);
  head.writeUInt32LE(png.length, 14);
  head.writeUInt32LE(head.length, 18);
  return Buffer.concat([head, png]);
}
