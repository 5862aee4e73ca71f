/** A picture's file as an image: by libvips, by our own codecs for what it cannot read. */
import { ImagesError } from '../errors.ts';
import type { Format } from '../formats.ts';
import { readBmpHeader } from './codecs/bmp.ts';
import { openBmp } from './codecs/bmpImage.ts';
import { readIco } from './codecs/ico.ts';
import { assertResolution } from './resolution.ts';
import type { EngineConfig, Picture } from './types.ts';
import {
  access,
  bandFormats,
  call,
  callFor,
  Image,
  interpretations,
  takeImage,
  VipsError,
} from './vips/index.ts';
import type { Arguments } from './vips/operation.ts';

export interface LoadOptions {
  /** How many times smaller than it is. */
  readonly shrink?: number;
  /** Of the first pages, as one under the other. */
  readonly pages?: number;
  readonly thumbnail?: boolean;
  /** Of what has to be unpacked before it can be looked at. */
  readonly maxPixels: number;
}

type Load = (options: LoadOptions, config: EngineConfig) => Arguments;

/** The web's resolution, where libvips assumes that of print. */
const svgDpi = 96;
const pages: Load = options => ({ page: { int: 0 }, n: { int: options.pages ?? 1 } });

const loaders: Readonly<Partial<Record<Format, readonly [operation: string, Load]>>> = {
  jpeg: ['jpegload_buffer', ({ shrink = 1 }) => ({ shrink: { int: shrink } })],
  png: ['pngload_buffer', (_, { pngUnlimited }) => ({ unlimited: { flag: pngUnlimited } })],
  webp: [
    'webpload_buffer',
    (options, config) => ({ scale: { double: 1 / (options.shrink ?? 1) }, ...pages(options, config) }),
  ],
  gif: ['gifload_buffer', pages],
  svg: [
    'svgload_buffer',
    ({ shrink = 1 }, { svgUnlimited }) => ({
      scale: { double: ((1 / shrink) * 72) / svgDpi },
      dpi: { double: svgDpi },
      unlimited: { flag: svgUnlimited },
    }),
  ],
  heic: ['heifload_buffer', ({ thumbnail = false }) => ({ thumbnail: { flag: thumbnail } })],
  avif: ['heifload_buffer', ({ thumbnail = false }) => ({ thumbnail: { flag: thumbnail } })],
  tiff: [
    'tiffload_buffer',
    (options, config) => ({ unlimited: { flag: config.tiffUnlimited }, ...pages(options, config) }),
  ],
};

/** Formats whose decoders say that a file is at fault; what others cannot read counts as our failure, as in the reference. */
const blamed: ReadonlySet<Format> = new Set(['jpeg', 'png', 'gif', 'svg']);

/**
 * Reads the header, and pixels when they are wanted.
 * @throws {ImagesError} `broken`, `format`, `resolution`
 */
export async function loadImage(
  { format, data }: Picture,
  options: LoadOptions,
  config: EngineConfig,
): Promise<Image> {
  if (format === 'bmp') return loadBmp(data, options);
  if (format === 'ico') return await loadIco(data, options, config);
  const loader = loaders[format];
  if (loader === undefined) {
    throw new ImagesError('format', `Source image format is not supported: ${format}`);
  }
  const [operation, argumentsOf] = loader;
  try {
    const args = {
      buffer: { bytes: data },
      access: { int: access.sequential },
      ...argumentsOf(options, config),
    };
    const image = new Image(await callFor(operation, args, takeImage('out')), data);
    if (format === 'tiff') fixLinearGrey(image);
    return image;
  } catch (error) {
    if (!(error instanceof VipsError)) throw error;
    throw new ImagesError(blamed.has(format) ? 'broken' : 'internal', error.message, { cause: error });
  }
}

function loadBmp(file: Buffer, { maxPixels }: LoadOptions): Image {
  const header = readable(() => readBmpHeader(file));
  assertResolution(header.width * header.height, maxPixels);
  // A header that is whole before pixels that are not: that counts as our failure, as in the reference.
  const image = openBmp(file, header);
  if (header.palette !== null) {
    image.setInt('bits-per-sample', [8, 4, 2].find(bits => header.colours > 2 ** (bits / 2)) ?? 1);
    image.setInt('palette', 1);
  }
  return image;
}

async function loadIco(file: Buffer, options: LoadOptions, config: EngineConfig): Promise<Image> {
  const entry = readable(() => readIco(file));
  const image = await loadImage({ format: entry.kind, data: entry.data }, options, config);
  if (image.width === entry.width && image.height === entry.height) return image;
  image.release();
  throw new ImagesError('broken', 'ICO: its picture has another size than it says');
}

/** What a codec of ours cannot read is broken. */
function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ImagesError('broken', error.message, { cause: error });
  }
}

/** libvips takes linear grey of floats for the ordinary kind: it is made 16 bits with its gamma. */
function fixLinearGrey(image: Image): void {
  const grey: readonly number[] = [interpretations.bw, interpretations.grey16];
  const floats: readonly number[] = [bandFormats.float, bandFormats.double];
  if (!grey.includes(image.interpretation) || !floats.includes(image.bandFormat)) return;
  using whole = image.branch();
  image.apply('extract_band', { band: { int: 0 } });
  image.replace(call('bandjoin', { in: { images: [image.pointer, image.pointer, image.pointer] } }));
  image.apply('colourspace', {
    space: { int: interpretations.grey16 },
    'source-space': { int: interpretations.scrgb },
  });
  if (whole.bands > 1) {
    whole.apply('extract_band', { band: { int: 1 }, n: { int: whole.bands - 1 } });
    whole.apply('linear', { a: { doubles: [65_535] }, b: { doubles: [0] } });
    whole.apply('cast', { format: { int: bandFormats.ushort } });
    whole.apply('copy', { interpretation: { int: interpretations.grey16 } });
    image.replace(call('bandjoin', { in: { images: [image.pointer, whole.pointer] } }));
  }
  image.own();
  image.remove('icc-profile-data');
}
