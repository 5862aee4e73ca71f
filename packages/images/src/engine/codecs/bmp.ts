/** BMP, which libvips cannot read or write: 1 to 32 bits, palettes, run lengths, the masks that programs write. Pure. */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1, 3 or 4. */
  readonly bands: number;
  /** Rows from the top. */
  readonly data: Buffer;
}

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

/** @throws {RangeError} its pixels are cut off */
export function decodeBmp(file: Buffer, header: BmpHeader): Pixels {
  const { width, height, bands } = header;
  const data = Buffer.alloc(width * height * bands);
  if (header.runLengths) unpackRuns(file, header, data);
  else unpackRows(file, header, data);
  return { width, height, bands, data };
}

/** Where a row of the file begins in the result. */
function rowStart({ width, height, bands, topDown }: BmpHeader, row: number): number {
  return (topDown ? row : height - 1 - row) * width * bands;
}

function unpackRows(file: Buffer, header: BmpHeader, data: Buffer): void {
  const { width, height, bits, bands, offset, palette, green6 } = header;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (offset + rowBytes * height > file.length) throw new RangeError('BMP: its pixels are cut off');
  for (let row = 0; row < height; row++) {
    const from = offset + row * rowBytes;
    let to = rowStart(header, row);
    for (let x = 0; x < width; x++, to += bands) {
      if (palette !== null) putIndex(data, to, palette, indexAt(file, from, x, bits));
      else if (bits === 16) put16(data, to, file.readUInt16LE(from + x * 2), green6);
      else {
        const at = from + (x * bits) / 8;
        data[to] = file[at + 2]!;
        data[to + 1] = file[at + 1]!;
        data[to + 2] = file[at]!;
        if (bands === 4) data[to + 3] = file[at + 3]!;
      }
    }
  }
}

function indexAt(file: Buffer, from: number, x: number, bits: number): number {
  const bit = x * bits;
  return (file[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
}

function putIndex(data: Buffer, to: number, palette: Buffer, index: number): void {
  data[to] = palette[index * 4 + 2]!;
  data[to + 1] = palette[index * 4 + 1]!;
  data[to + 2] = palette[index * 4]!;
}

function put16(data: Buffer, to: number, pixel: number, green6: boolean): void {
  data[to] = green6 ? (pixel >> 11) << 3 : ((pixel >> 10) & 31) << 3;
  data[to + 1] = green6 ? ((pixel >> 5) & 63) << 2 : ((pixel >> 5) & 31) << 3;
  data[to + 2] = (pixel & 31) << 3;
}

/** Commands of two bytes: a run, or 0 and: 0 ends the row, 1 the picture, 2 moves on, more are as many pixels as they are. */
function unpackRuns(file: Buffer, header: BmpHeader, data: Buffer): void {
  const { width, height, bits, bands, palette } = header;
  let at = header.offset;
  let row = 0;
  let x = 0;
  const byte = (): number => {
    const value = file[at++];
    if (value === undefined) throw new RangeError('BMP: its pixels are cut off');
    return value;
  };
  const put = (index: number): void => {
    if (x < width && palette !== null) putIndex(data, rowStart(header, row) + x++ * bands, palette, index);
  };
  while (row < height) {
    const count = byte();
    const value = byte();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? value : (value >> (i % 2 === 0 ? 4 : 0)) & 15);
    } else if (value === 0) {
      row++;
      x = 0;
    } else if (value === 1) return;
    else if (value === 2) {
      x = Math.min(width, x + byte());
      row += byte();
    } else {
      const start = at;
      for (let i = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte();
        put(indexAt(file, start, i, bits));
      }
      // Such pixels fill whole words.
      at = start + Math.ceil(Math.ceil((value * bits) / 8) / 2) * 2;
    }
  }
}

/** 8 bits of grey with a palette, else 24 or 32, from the top down. */
export function encodeBmp({ width, height, bands, data }: Pixels): Buffer {
  const rowBytes = Math.ceil((width * bands) / 4) * 4;
  const grey = bands === 1;
  const length = grey ? 40 : 124;
  const offset = FILE_HEADER + length + (grey ? 1024 : 0);
  const file = Buffer.alloc(offset + rowBytes * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(offset, 10);
  file.writeUInt32LE(length, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(-height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bands * 8, 28);
  file.writeUInt32LE(rowBytes * height, 34);
  if (grey) {
    file.writeUInt32LE(256, 46);
    for (let i = 0; i < 256; i++) file.fill(i, FILE_HEADER + 40 + i * 4, FILE_HEADER + 40 + i * 4 + 3);
  } else {
    for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries())
      file.writeUInt32LE(mask, 54 + i * 4);
    file.write('BGRs', 70, 'latin1');
    file.writeUInt32LE(4, 122);
  }
  for (let row = 0; row < height; row++) {
    let from = row * width * bands;
    let to = offset + row * rowBytes;
    if (grey) {
      data.copy(file, to, from, from + width);
      continue;
    }
    for (let x = 0; x < width; x++, from += bands, to += bands) {
      file[to] = data[from + 2]!;
      file[to + 1] = data[from + 1]!;
      file[to + 2] = data[from]!;
      if (bands === 4) file[to + 3] = data[from + 3]!;
    }
  }
  return file;
}
