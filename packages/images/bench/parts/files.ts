/** Pictures written byte by byte: larger than they look, or than they should be. Pure. */
import { crc32, deflateSync } from 'node:zlib';

export interface PngShape {
  readonly width: number;
  readonly height: number;
  readonly bits?: 8 | 16;
  /** 0 grey, 2 colours, 6 colours and transparency. */
  readonly colours?: 0 | 2 | 6;
  readonly interlaced?: boolean;
}

/** A black PNG of next to no bytes. */
export function blackPng({ width, height, bits = 8, colours = 2, interlaced = false }: PngShape): Buffer {
  const channels = { 0: 1, 2: 3, 6: 4 }[colours];
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([bits, colours, 0, 0, interlaced ? 1 : 0], 8);
  const pixel = (bits / 8) * channels;
  const passes = interlaced ? adam7(width, height) : [[width, height] as const];
  const rows = passes.map(([w, h]) => Buffer.alloc(w === 0 ? 0 : (1 + w * pixel) * h));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', head),
    pngChunk('IDAT', deflateSync(Buffer.concat(rows), { level: 1 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Width and height of each pass of an interlaced PNG. */
function adam7(width: number, height: number): readonly (readonly [number, number])[] {
  return [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ].map(([x, y, dx, dy]) => [Math.ceil((width - x!) / dx!), Math.ceil((height - y!) / dy!)] as const);
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A BMP of 24 bits, all of it there; with run lengths, of 8 bits and of next to no bytes. */
export function bmp(width: number, height: number, runLengths = false): Buffer {
  const bits = runLengths ? 8 : 24;
  const offset = 54 + (runLengths ? 1024 : 0);
  const row = Buffer.concat([
    ...Array.from({ length: Math.ceil(width / 255) }, (_, i) =>
      Buffer.from([Math.min(255, width - i * 255), 7]),
    ),
    Buffer.from([0, 0]),
  ]);
  const pixels = runLengths
    ? Buffer.concat(Array(height).fill(row))
    : Buffer.alloc(Math.ceil((width * 3) / 4) * 4 * height, 90);
  const head = Buffer.alloc(offset, 90);
  head.write('BM', 'latin1');
  head.writeUInt32LE(offset + pixels.length, 2);
  head.writeUInt32LE(0, 6);
  head.writeUInt32LE(offset, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(runLengths ? 1 : 0, 30);
  head.fill(0, 34, 54);
  return Buffer.concat([head, pixels]);
}

export const svg = (content: string, width = 1000, height = 1000): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">${content}</svg>`;
