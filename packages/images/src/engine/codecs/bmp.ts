/**
 * BMP, which libvips cannot read or write: 1 to 32 bits, palettes, run lengths, the masks that programs write. What stands in its
 * header, and its rows as they lie in the file; `bmpImage.ts` makes pixels of them. Pure.
 */

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly bands: 3 | 4;
  readonly topDown: boolean;
  readonly bits: number;
  readonly runLengths: boolean;
  /** Where the pixels begin. */
  readonly offset: number;
  /** Colours as blue, green, red, nothing; null above 8 bits. */
  readonly palette: Buffer | null;
  readonly colours: number;
  /** Of 16 bits: 565, else 555. */
  readonly green6: boolean;
}

const FILE_HEADER = 14;
const compressions = { rgb: 0, rle8: 1, rle4: 2, masks: 3, alphaMasks: 6 } as const;

/** @throws {RangeError} it is none that we read */
export function readBmpHeader(file: Buffer): BmpHeader {
  const length = file.readUInt32LE(FILE_HEADER);
  if (![40, 108, 124].includes(length)) throw new RangeError('BMP: unknown header');
  const field = (at: number): number => file.readUInt32LE(FILE_HEADER + at);
  const width = file.readInt32LE(FILE_HEADER + 4);
  const signed = file.readInt32LE(FILE_HEADER + 8);
  const height = Math.abs(signed);
  const bits = file.readUInt16LE(FILE_HEADER + 14);
  const compression = field(16);
  if (width <= 0 || height === 0 || height > 0x7fffffff) throw new RangeError('BMP: no size');
  if (file.readUInt16LE(FILE_HEADER + 12) !== 1) throw new RangeError('BMP: several planes');
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw new RangeError(`BMP: ${bits} bits`);
  const runLengths =
    (compression === compressions.rle8 && bits === 8) || (compression === compressions.rle4 && bits === 4);
  const masked = compression === compressions.masks || compression === compressions.alphaMasks;
  if (!runLengths && !masked && compression !== compressions.rgb) throw new RangeError('BMP: compression');
  const maskBytes = masked && length === 40 ? (bits > 24 ? 16 : 12) : 0;
  if (masked) assertMasks(file, bits);
  const alpha = bits === 32 && (length === 40 || field(52) !== 0);
  const most = bits <= 8 ? 2 ** bits : 0;
  const colours = field(32) || most;
  if (bits <= 8 && colours > most) throw new RangeError('BMP: more colours than its bits can name');
  const paletteAt = FILE_HEADER + length + maskBytes;
  const palette = Buffer.alloc(most * 4);
  if (bits <= 8) {
    if (paletteAt + colours * 4 > file.length) throw new RangeError('BMP: its palette is cut off');
    file.copy(palette, 0, paletteAt, paletteAt + colours * 4);
  }
  return {
    width,
    height,
    bands: alpha ? 4 : 3,
    topDown: signed < 0,
    bits,
    runLengths,
    offset: file.readUInt32LE(10),
    palette: bits <= 8 ? palette : null,
    colours,
    green6: masked && file.readUInt32LE(FILE_HEADER + 44) === 0x7e0,
  };
}

function assertMasks(file: Buffer, bits: number): void {
  const [red, green, blue, alpha] = [40, 44, 48, 52].map(at => file.readUInt32LE(FILE_HEADER + at));
  const is = (r: number, g: number, b: number): boolean => red === r && green === g && blue === b;
  const known =
    (bits === 16 && (is(0xf800, 0x7e0, 0x1f) || is(0x7c00, 0x3e0, 0x1f))) ||
    (bits === 32 && is(0xff0000, 0xff00, 0xff) && alpha === 0xff000000);
  if (!known) throw new RangeError('BMP: unknown masks');
}

/** Lines of a BMP in the order of the file. */
export interface BmpRows {
  readonly data: Buffer;
  /** Of one line, what fills it up included. */
  readonly rowBytes: number;
  /** Of one pixel. */
  readonly bits: number;
}

/** Those of the file itself, or unpacked ones of a byte a pixel. @throws {RangeError} its pixels are cut off */
export function readBmpRows(file: Buffer, header: BmpHeader): BmpRows {
  const { width, height, bits, offset, runLengths } = header;
  if (runLengths) return { data: unpackRuns(file, header), rowBytes: width, bits: 8 };
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const end = offset + rowBytes * height;
  if (end > file.length) throw new RangeError('BMP: its pixels are cut off');
  return { data: file.subarray(offset, end), rowBytes, bits };
}

/** Commands of two bytes: a run, or 0 and: 0 ends the row, 1 the picture, 2 moves on, more are as many pixels as they are. */
function unpackRuns(file: Buffer, header: BmpHeader): Buffer {
  const { width, height, bits, offset } = header;
  const indices = Buffer.alloc(width * height, blackIndex(header));
  let at = offset;
  let row = 0;
  let x = 0;
  const byte = (): number => {
    const value = file[at++];
    if (value === undefined) throw new RangeError('BMP: its pixels are cut off');
    return value;
  };
  /** The i-th pixel of those that begin at a byte. */
  const indexAt = (bytes: number, i: number): number =>
    bits === 8 ? (file[bytes + i] ?? 0) : ((file[bytes + (i >> 1)] ?? 0) >> (i % 2 === 0 ? 4 : 0)) & 15;
  while (row < height) {
    const count = byte();
    const value = byte();
    const from = row * width + x;
    const room = width - x;
    if (count > 0) {
      if (bits === 8) indices.fill(value, from, from + Math.min(count, room));
      else for (let i = 0; i < Math.min(count, room); i++) indices[from + i] = indexAt(at - 1, i & 1);
      x += Math.min(count, room);
    } else if (value === 0) {
      row++;
      x = 0;
    } else if (value === 1) break;
    else if (value === 2) {
      x = Math.min(width, x + byte());
      row += byte();
    } else {
      const bytes = Math.ceil((value * bits) / 8);
      if (at + bytes > file.length) throw new RangeError('BMP: its pixels are cut off');
      for (let i = 0; i < Math.min(value, room); i++) indices[from + i] = indexAt(at, i);
      x += Math.min(value, room);
      // Such pixels fill whole words.
      at += bytes + (bytes & 1);
    }
  }
  return indices;
}

/** What is moved over is black: a colour that no run names, or one that is black. */
function blackIndex({ colours, palette }: BmpHeader): number {
  if (colours < 256) return 255;
  const entries = Array.from({ length: 256 }, (_, i) => palette?.readUIntLE(i * 4, 3));
  return Math.max(0, entries.indexOf(0));
}

/** What stands before the pixels: 8 bits of grey with a palette, else 24 or 32, from the top down. */
export function bmpHead(width: number, height: number, bands: number): Buffer {
  const grey = bands === 1;
  const length = grey ? 40 : 124;
  const head = Buffer.alloc(FILE_HEADER + length + (grey ? 1024 : 0));
  const pixelBytes = bmpRowBytes(width, bands) * height;
  head.write('BM', 'latin1');
  head.writeUInt32LE(head.length + pixelBytes, 2);
  head.writeUInt32LE(head.length, 10);
  head.writeUInt32LE(length, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(-height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bands * 8, 28);
  head.writeUInt32LE(pixelBytes, 34);
  if (grey) {
    head.writeUInt32LE(256, 46);
    for (let i = 0; i < 256; i++) head.fill(i, FILE_HEADER + 40 + i * 4, FILE_HEADER + 40 + i * 4 + 3);
  } else {
    for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries())
      head.writeUInt32LE(mask, 54 + i * 4);
    head.write('BGRs', 70, 'latin1');
    head.writeUInt32LE(4, 122);
  }
  return head;
}

/** Rows are filled up to whole words. */
export const bmpRowBytes = (width: number, bands: number): number => Math.ceil((width * bands) / 4) * 4;
