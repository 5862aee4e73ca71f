/** A BMP's pixels as an image: made by libvips of the rows in the file as they are wanted, and nothing is held whole. */
import { bandFormats, boolean, direction, Image, interpretations, Scope, VipsError } from '../vips/index.ts';
import type { Pointer } from '../vips/library.ts';
import * as library from '../vips/library.ts';
import { type BmpHeader, type BmpRows, bmpHead, bmpRowBytes, readBmpRows } from './bmp.ts';

/** @throws {RangeError} its pixels are cut off */
export function openBmp(file: Buffer, header: BmpHeader): Image {
  const rows = readBmpRows(file, header);
  using scope = new Scope();
  const pixels = header.palette === null ? trueColours(rows, header, scope) : looked(rows, header, scope);
  const image = new Image(scope.keep(pixels), rows.data);
  if (!header.topDown) image.apply('flip', { direction: { int: direction.vertical } });
  image.apply('copy', { interpretation: { int: interpretations.srgb } });
  return image;
}

/** Memory that is read in place; whoever makes an image of it keeps it as long. */
function inPlace(data: Buffer, width: number, height: number, format: number, scope: Scope): Pointer {
  const pointer = library.newFromMemory(data, data.length, width, height, 1, format);
  if (pointer === null) throw new VipsError('new_from_memory');
  return scope.hold(pointer);
}

/** Indices, looked up in the palette. */
function looked(
  { data, rowBytes, bits }: BmpRows,
  { width, height, palette }: BmpHeader,
  scope: Scope,
): Pointer {
  const bytes = inPlace(data, rowBytes, height, bandFormats.uchar, scope);
  const indices = cropped(unpacked(bytes, bits, scope), width, height, scope);
  const table = Buffer.alloc(256 * 3);
  for (let i = 0; palette !== null && i * 4 < palette.length; i++) {
    table.set([palette[i * 4 + 2] ?? 0, palette[i * 4 + 1] ?? 0, palette[i * 4] ?? 0], i * 3);
  }
  const colours = library.newFromMemoryCopy(table, table.length, 256, 1, 3, bandFormats.uchar);
  if (colours === null) throw new VipsError('new_from_memory');
  return scope.call('maplut', { in: { image: indices }, lut: { image: scope.hold(colours) } });
}

/** Bytes that hold several pixels, the first one highest, as one byte each. */
function unpacked(bytes: Pointer, bits: number, scope: Scope): Pointer {
  if (bits === 8) return bytes;
  const count = 8 / bits;
  const pieces = Array.from({ length: count }, (_, i) =>
    masked(bytes, 8 - bits * (i + 1), 2 ** bits - 1, 0, scope),
  );
  return scope.call('bandunfold', {
    in: { image: scope.call('bandjoin', { in: { images: pieces } }) },
    factor: { int: count },
  });
}

/** Bits out of each number: moved down, cut off, moved up. */
function masked(image: Pointer, down: number, mask: number, up: number, scope: Scope): Pointer {
  const step = (on: Pointer, operation: number, by: number): Pointer =>
    scope.call('boolean_const', { in: { image: on }, boolean: { int: operation }, c: { doubles: [by] } });
  const low = step(down === 0 ? image : step(image, boolean.shiftRight, down), boolean.and, mask);
  return up === 0 ? low : step(low, boolean.shiftLeft, up);
}

function cropped(image: Pointer, width: number, height: number, scope: Scope): Pointer {
  const area = { left: { int: 0 }, top: { int: 0 }, width: { int: width }, height: { int: height } };
  return scope.call('extract_area', { input: { image }, ...area });
}

/** 16, 24 and 32 bits. */
function trueColours({ data, rowBytes, bits }: BmpRows, header: BmpHeader, scope: Scope): Pointer {
  const { width, height, bands } = header;
  if (bits === 16) {
    // Numbers of two bytes are read where such may stand.
    const even = data.byteOffset % 2 === 0 ? data : Buffer.from(new Uint8Array(data).buffer);
    const words = inPlace(even, rowBytes / 2, height, bandFormats.ushort, scope);
    return joined(header.green6 ? masks565 : masks555, cropped(words, width, height, scope), scope);
  }
  const each = bits / 8;
  const bytes = inPlace(data, rowBytes, height, bandFormats.uchar, scope);
  const folded = scope.call('bandfold', {
    in: { image: cropped(bytes, width * each, height, scope) },
    factor: { int: each },
  });
  return reordered(folded, bands, scope);
}

const masks555 = [
  [10, 31],
  [5, 31],
  [0, 31],
] as const;
const masks565 = [
  [11, 31],
  [5, 63],
  [0, 31],
] as const;

function joined(masks: typeof masks555 | typeof masks565, words: Pointer, scope: Scope): Pointer {
  const bands = masks.map(([down, mask]) => masked(words, down, mask, mask === 63 ? 2 : 3, scope));
  const joint = scope.call('bandjoin', { in: { images: bands } });
  return scope.call('cast', { in: { image: joint }, format: { int: bandFormats.uchar } });
}

/** Blue, green and red as red, green and blue, or the other way round. */
function reordered(image: Pointer, bands: number, scope: Scope): Pointer {
  const order = [2, 1, 0, 3].slice(0, bands);
  const images = order.map(band => scope.call('extract_band', { in: { image }, band: { int: band } }));
  return scope.call('bandjoin', { in: { images } });
}

/** The file of an image of 1, 3 or 4 bands of bytes. */
export async function writeBmp(image: Image): Promise<Buffer> {
  const { width, height, bands } = image;
  const rowBytes = bmpRowBytes(width, bands);
  using rows = image.branch();
  using scope = new Scope();
  if (bands > 1) rows.replace(scope.keep(reordered(rows.pointer, bands, scope)));
  rows.apply('bandunfold');
  if (rows.width < rowBytes) {
    rows.apply('embed', { x: { int: 0 }, y: { int: 0 }, width: { int: rowBytes }, height: { int: height } });
  }
  return await rows.pixels(bmpHead(width, height, bands));
}
