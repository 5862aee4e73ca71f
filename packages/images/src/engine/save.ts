/** An image as a file. */
import { ImagesError } from '../errors.ts';
import { type Format, formats } from '../formats.ts';
import { nextQuality, planQuality } from '../plan/format.ts';
import { writeBmp } from './codecs/bmpImage.ts';
import { encodeIco } from './codecs/ico.ts';
import type { Work } from './pass/context.ts';
import type { EngineConfig } from './types.ts';
import {
  bandFormats,
  callFor,
  heifCompression,
  type Image,
  interpretations,
  pngFilter,
  takeBytes,
  webpPresets,
} from './vips/index.ts';
import type { Arguments } from './vips/operation.ts';

export interface Saved {
  readonly format: Format;
  readonly data: Buffer;
}

/** AVIF is none below that: such a picture becomes a PNG or a JPEG. */
const minAvifSide = 16;

type Save = (image: Image, quality: number, config: EngineConfig) => Arguments;
const byQuality: Save = (_, quality) => ({ Q: { int: quality } });

const savers: Readonly<Partial<Record<Format, readonly [operation: string, Save]>>> = {
  jpeg: [
    'jpegsave_buffer',
    (_, quality, { jpegProgressive }) => ({
      Q: { int: quality },
      'optimize-coding': { flag: true },
      interlace: { flag: jpegProgressive },
    }),
  ],
  png: ['pngsave_buffer', (image, _, config) => pngArguments(image, config)],
  webp: [
    'webpsave_buffer',
    (_, quality, { webpEffort, webpPreset }) => ({
      Q: { int: quality },
      effort: { int: webpEffort },
      preset: { int: webpPresets[webpPreset] },
    }),
  ],
  gif: [
    'gifsave_buffer',
    image => {
      const depth = paletteDepth(image);
      return { bitdepth: { int: depth >= 1 && depth <= 8 ? depth : 8 } };
    },
  ],
  avif: [
    'heifsave_buffer',
    (_, quality, { avifSpeed }) => ({
      Q: { int: quality },
      compression: { int: heifCompression.av1 },
      effort: { int: 9 - avifSpeed },
    }),
  ],
  heic: [
    'heifsave_buffer',
    (_, quality) => ({
      Q: { int: quality },
      bitdepth: { int: 8 },
      compression: { int: heifCompression.hevc },
    }),
  ],
  tiff: ['tiffsave_buffer', byQuality],
};

/** Writes the image; where the file may only have so many bytes, with the quality that does it. @throws {VipsError} */
export async function saveImage(image: Image, work: Work): Promise<Saved> {
  const format = savedFormat(image, work.format);
  const { options, config } = work;
  let quality = planQuality(options, format, config);
  const { maxBytes = 0 } = options;
  if (maxBytes === 0 || !formats[format].quality) {
    return { format, data: await encode(image, format, quality, work) };
  }
  // It is written several times.
  await work.deadline.during(image, () => image.copyMemory());
  for (;;) {
    const data = await encode(image, format, quality, work);
    if (data.length <= maxBytes || quality <= 10) return { format, data };
    quality = nextQuality(quality, data.length, maxBytes);
  }
}

function savedFormat(image: Image, format: Format): Format {
  if (format !== 'avif' || (image.width >= minAvifSide && image.height >= minAvifSide)) return format;
  return image.hasAlpha ? 'png' : 'jpeg';
}

async function encode(image: Image, format: Format, quality: number, work: Work): Promise<Buffer> {
  if (format === 'bmp') return await work.deadline.during(image, () => saveBmp(image));
  if (format === 'ico') return await saveIco(image, work);
  const saver = savers[format];
  if (saver === undefined)
    throw new ImagesError('format', `Resulting image format is not supported: ${format}`);
  const [operation, argumentsOf] = saver;
  const args = { in: { image: image.pointer }, ...argumentsOf(image, quality, work.config) };
  return await work.deadline.during(image, () => callFor(operation, args, takeBytes('buffer')));
}

function pngArguments(image: Image, config: EngineConfig): Arguments {
  const interlace = { flag: config.pngInterlaced };
  const bitdepth = config.pngQuantize ? bitsFor(config.pngQuantizationColors) : sourceBits(image);
  if (bitdepth === null) return { interlace, filter: { int: pngFilter.all } };
  return {
    interlace,
    filter: { int: pngFilter.none },
    palette: { flag: true },
    bitdepth: { int: bitdepth },
  };
}

function bitsFor(colours: number): number {
  if (colours > 16) return 8;
  return colours > 4 ? 4 : colours > 2 ? 2 : 1;
}

/** A picture that came with a palette gets one again. */
function sourceBits(image: Image): number | null {
  const depth = paletteDepth(image);
  if (depth === 0 || depth > 8) return null;
  return depth > 4 ? 8 : depth > 2 ? 4 : depth;
}

/** 0 when it came with none. */
function paletteDepth(image: Image): number {
  if (!image.getInt('palette')) return 0;
  return image.getInt('bits-per-sample') ?? 8;
}

/** As libvips prepares pictures for formats of 8 bits a channel. */
function toBytes(image: Image): void {
  const grey = image.bands < 3;
  const space = grey ? interpretations.bw : interpretations.srgb;
  if (image.interpretation !== space && !grey) image.apply('colourspace', { space: { int: space } });
  if (image.bandFormat !== bandFormats.uchar) {
    image.apply('cast', { format: { int: bandFormats.uchar }, shift: { flag: true } });
  }
}

async function saveBmp(image: Image): Promise<Buffer> {
  using ready = image.branch();
  toBytes(ready);
  if (![1, 3, 4].includes(ready.bands)) {
    throw new ImagesError('internal', `BMP holds 1, 3 or 4 channels, not ${ready.bands}`);
  }
  return await writeBmp(ready);
}

async function saveIco(image: Image, work: Work): Promise<Buffer> {
  const args = { in: { image: image.pointer } };
  const png = await work.deadline.during(image, () => callFor('pngsave_buffer', args, takeBytes('buffer')));
  return encodeIco(png, image.width, image.height, image.bands > 3);
}
