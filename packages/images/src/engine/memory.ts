/** How much memory a picture takes, told before its pixels are looked at, and waited for. */
import { type Format, formats } from '../formats.ts';
import type { PassOptions } from '../options/types.ts';
import { planPreshrink } from '../plan/load.ts';
import {
  decodingBytes,
  encodingBytes,
  type Loaded,
  passBytes,
  resultSize,
  type Size,
  withJob,
  writesOften,
} from '../plan/memory.ts';
import { hasPadding, planSizes, type SizePlan } from '../plan/sizes.ts';
import { readBmpHeader } from './codecs/bmp.ts';
import { geometryOf } from './orientation.ts';
import type { Work } from './pass/context.ts';
import { maxPixelsOf } from './resolution.ts';
import type { Picture } from './types.ts';
import { bandFormats, type Image } from './vips/index.ts';

/** Memory that a job may take; it asks before it takes it, and is answered when it is there. */
export class Allowance {
  readonly #ask: (bytes: number) => Promise<void>;
  #granted = 0;

  constructor(ask: (bytes: number) => Promise<void>) {
    this.#ask = ask;
  }

  /** @param bytes of all steps of the job together. @throws {ImagesError} */
  async need(bytes: number): Promise<void> {
    // Of a plan that is none (a density of NaN) the number is none either: no picture comes of it.
    if (!(bytes > this.#granted)) return;
    await this.#ask(bytes);
    this.#granted = bytes;
  }
}

/** Of librsvg, an element of the document. */
const elementBytes = 2300;
/** It reads no more of them. */
const maxElements = 1_000_000;

/** What is taken before the header has been read. */
export function openingBytes({ format, data }: Picture): number {
  if (format === 'svg') return 2 * data.length + elementBytes * countElements(data);
  if (format === 'bmp') return unpackedBytes(data);
  return 0;
}

/** The text, which may have two bytes a character, and what is written of it: as pieces, whole, and for the service. */
export const sanitizingBytes = (file: Buffer): number =>
  openingBytes({ format: 'svg', data: file }) + 5 * file.length;

function countElements(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(0x3c); at >= 0 && count < maxElements; at = data.indexOf(0x3c, at + 1)) count++;
  return count;
}

/** Run lengths are unpacked at once; what is no BMP is refused by who reads it. */
function unpackedBytes(data: Buffer): number {
  try {
    const { width, height, runLengths } = readBmpHeader(data);
    return runLengths ? width * height : 0;
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

/**
 * What the whole job takes besides its source.
 * @param frames that are drawn, which stand one under the other
 * @param candidates formats that it is written in
 */
export function drawingBytes(
  image: Image,
  source: Picture,
  work: Work,
  frames: number,
  candidates: readonly Format[],
): number {
  const { options, config } = work;
  const passOptions = [options, ...(options.next ?? [])];
  const bordered = passOptions.some(pass => hasPadding(pass) || pass.extend || pass.extendAspectRatio);
  const bands = image.bands + (bordered && !image.hasAlpha ? 1 : 0);
  const bytes = bands * sampleBytes(image.bandFormat);
  const { vector } = formats[source.format];
  const whole = vector ? drawnDown(image, maxPixelsOf(options, config)) : image;
  const loaded: Loaded = {
    format: source.format,
    width: whole.width,
    height: whole.height,
    frames,
    bytes,
    interlaced: (image.getInt('interlaced') ?? 0) > 0,
  };
  let size: Size = { width: whole.width, height: Math.trunc(whole.height / frames) };
  let passes = 0;
  let shrink = 1;
  for (const [index, pass] of passOptions.entries()) {
    const { upright, turns } = turned(image, size, pass, work, index === 0);
    const sizes = planSizes(pass, { ...upright, vector }, limitOf(work));
    if (index === 0) shrink = shrinkOnLoad(upright, sizes, work);
    passes = Math.max(passes, passBytes(upright, bytes, pass, sizes, turns));
    size = resultSize(upright, pass, sizes);
  }
  const made = {
    ...size,
    bytes,
    alpha: image.hasAlpha || bordered,
    palette: config.pngQuantize || (image.getInt('palette') ?? 0) > 0,
  };
  const kept =
    size.width * size.height * bytes * ((frames > 1 ? frames : 0) + (writesOften(options) ? 1 : 0));
  return withJob(
    openingBytes(source) + decodingBytes(loaded, shrink) + passes + kept + encodingBytes(candidates, made),
  );
}

/** A vector picture is drawn down to the limit of sources. */
function drawnDown({ width, height }: Size, maxPixels: number): Size {
  const shrink = Math.max(1, Math.sqrt((width * height) / maxPixels));
  return { width: width / shrink, height: height / shrink };
}

const limitOf = ({ options, config }: Work): number =>
  options.maxResultDimension ?? config.maxResultDimension;

/** The picture as it is looked at: the first pass obeys its orientation. */
function turned(
  image: Image,
  size: Size,
  options: PassOptions,
  { config }: Work,
  isFirst: boolean,
): { readonly upright: Size; readonly turns: boolean } {
  const { rotate = 0, flipHorizontal = false, flipVertical = false } = options;
  const obeys = isFirst && (options.autoRotate ?? config.autoRotate);
  const { angle, flip } = geometryOf(image, 0, obeys);
  const onSide = (angle + rotate) % 180 !== 0;
  return {
    upright: onSide ? { width: size.height, height: size.width } : size,
    turns: angle % 360 !== 0 || rotate % 360 !== 0 || flip || flipHorizontal || flipVertical,
  };
}

function shrinkOnLoad(source: Size, sizes: SizePlan, { options, config }: Work): number {
  if (config.disableShrinkOnLoad || options.trimThreshold !== undefined) return 1;
  return planPreshrink({ ...source, vector: false }, sizes);
}

function sampleBytes(format: number): number {
  const sizes: Readonly<Record<number, number>> = {
    [bandFormats.uchar]: 1,
    [bandFormats.char]: 1,
    [bandFormats.ushort]: 2,
    [bandFormats.double]: 8,
  };
  return sizes[format] ?? 4;
}
