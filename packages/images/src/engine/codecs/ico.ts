/** ICO: a folder of PNG files and of BMP files without their first header. Pure. */

export interface IcoEntry {
  readonly kind: 'png' | 'bmp';
  readonly width: number;
  readonly height: number;
  /** A whole file. */
  readonly data: Buffer;
}

const ENTRY = 16;

/** The picture of an ICO that stands for it. @throws {RangeError} there is none, or it is cut off */
export function readIco(file: Buffer): IcoEntry {
  const count = file.readUInt16LE(4);
  let best = { width: 0, height: 0, size: 0, offset: 0 };
  for (let i = 0; i < count; i++) {
    const at = 6 + i * ENTRY;
    // 0 stands for 256, but compares as it is: after such a one any other is taken for larger, as in the reference.
    const [width, height] = [file.readUInt8(at), file.readUInt8(at + 1)];
    if (width > best.width || height > best.height || width === 0 || height === 0) {
      best = { width, height, size: file.readUInt32LE(at + 8), offset: file.readUInt32LE(at + 12) };
    }
  }
  if (best.offset === 0) throw new RangeError('ICO: there is no picture in it');
  const body = file.subarray(best.offset, best.offset + best.size);
  if (body.length < best.size || body.length < 40) throw new RangeError('ICO: its picture is cut off');
  const [width, height] = [best.width || 256, best.height || 256];
  if (body.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n')
    return { kind: 'png', width, height, data: body };
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
