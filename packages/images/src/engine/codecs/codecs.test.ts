import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bandFormats, Image, VipsError } from '../vips/index.ts';
import * as library from '../vips/library.ts';
import { readBmpHeader } from './bmp.ts';
import { openBmp, writeBmp } from './bmpImage.ts';
import { encodeIco, readIco } from './ico.ts';

library.init('test');

async function decode(file: Buffer) {
  using image = openBmp(file, readBmpHeader(file));
  const { width, height, bands } = image;
  return { width, height, bands, data: await image.pixels() };
}

async function encode(width: number, height: number, bands: number, data: Buffer): Promise<Buffer> {
  const pointer = library.newFromMemory(data, data.length, width, height, bands, bandFormats.uchar);
  if (pointer === null) throw new VipsError('new_from_memory');
  using image = new Image(pointer, data);
  return await writeBmp(image);
}

/** A BMP of 40 bytes of header. */
function bmp(
  width: number,
  height: number,
  bits: number,
  compression: number,
  palette: readonly number[],
  pixels: readonly number[],
): Buffer {
  const file = Buffer.alloc(54 + palette.length + pixels.length);
  file.write('BM', 'latin1');
  file.writeUInt32LE(54 + palette.length, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression, 30);
  file.writeUInt32LE(palette.length / 4, 46);
  file.set([...palette, ...pixels], 54);
  return file;
}
const black = [0, 0, 0, 0];
const red = [0, 0, 255, 0];

describe('BMP', () => {
  it('is read as it was written, with 1, 3 and 4 channels', async () => {
    for (const bands of [3, 4]) {
      const data = Buffer.from(Array.from({ length: 5 * 3 * bands }, (_, i) => (i * 37) & 255));
      const made = await decode(await encode(5, 3, bands, data));
      assert.deepEqual([made.width, made.height, made.bands], [5, 3, bands]);
      assert.ok(made.data.equals(data));
    }
    const grey = await decode(await encode(3, 1, 1, Buffer.from([0, 128, 255])));
    assert.deepEqual([...grey.data], [0, 0, 0, 128, 128, 128, 255, 255, 255]);
  });

  it('from the bottom up, with a palette, rows filled to four bytes', async () => {
    const { data } = await decode(bmp(2, 2, 8, 0, [...black, ...red], [0, 1, 0, 0, 1, 0, 0, 0]));
    assert.deepEqual([...data], [255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0]);
  });

  it('of less than eight bits has its first pixel highest in a byte', async () => {
    for (const [bits, pixels] of [
      [1, [0b01000000, 0, 0, 0]],
      [2, [0b00010000, 0, 0, 0]],
      [4, [0x01, 0, 0, 0]],
    ] as const)
      assert.deepEqual(
        [...(await decode(bmp(3, 1, bits, 0, [...black, ...red], pixels))).data],
        [0, 0, 0, 255, 0, 0, 0, 0, 0],
        String(bits),
      );
  });

  it('of 16 bits has five for a colour', async () => {
    const { data } = await decode(bmp(2, 1, 16, 0, [], [0x1f, 0x7c, 0xe0, 0x03]));
    assert.deepEqual([...data], [248, 0, 248, 0, 248, 0]);
  });

  it('in run lengths, with moves, literal runs and an early end', async () => {
    const { data } = await decode(bmp(4, 2, 8, 1, [...black, ...red], [2, 1, 0, 0, 0, 3, 1, 0, 1, 0, 0, 1]));
    assert.deepEqual(
      [...data].filter((_, i) => i % 3 === 0),
      [255, 0, 255, 0, 255, 255, 0, 0],
    );
    const nibbles = await decode(bmp(4, 1, 4, 2, [...black, ...red], [3, 0x10, 0, 1]));
    assert.deepEqual(
      [...nibbles.data].filter((_, i) => i % 3 === 0),
      [255, 0, 255, 0],
    );
  });

  it('in run lengths is black where they leave a pixel out', async () => {
    const { data } = await decode(bmp(3, 1, 8, 1, [...red, ...red], [1, 0, 0, 1]));
    assert.deepEqual([...data], [255, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('that is cut off, or says what cannot be, is refused', async () => {
    const good = bmp(2, 2, 24, 0, [], Array(16).fill(0));
    await assert.rejects(decode(good.subarray(0, 60)), RangeError);
    for (const [at, value] of [
      [28, 40],
      [14, 12],
      [30, 9],
      [18, 0],
      [26, 2],
    ] as const) {
      const wrong = Buffer.from(good);
      wrong[at] = value;
      await assert.rejects(decode(wrong), RangeError, `${at}`);
    }
    await assert.rejects(decode(bmp(4, 4, 8, 1, [...black, ...red], [255, 1])), RangeError);
    assert.throws(() => readBmpHeader(bmp(1, 1, 1, 0, Array(12).fill(0), [0, 0, 0, 0])), RangeError);
  });
});

describe('ICO', () => {
  it('holds a PNG, and the largest of several is taken', () => {
    const png = Buffer.from(`\x89PNG\r\n\x1a\n${'x'.repeat(40)}`, 'latin1');
    const { kind, width, height, data } = readIco(encodeIco(png, 256, 16, true));
    assert.deepEqual([kind, width, height], ['png', 256, 16]);
    assert.ok(data.equals(png));
  });

  it('that holds nothing, or less than it says, is refused', () => {
    const png = Buffer.from(`\x89PNG\r\n\x1a\n${'x'.repeat(40)}`, 'latin1');
    assert.throws(() => readIco(Buffer.from([0, 0, 1, 0, 0, 0])), RangeError);
    assert.throws(() => readIco(encodeIco(png, 16, 16, true).subarray(0, 40)), RangeError);
  });
});
