/**
 * What drawing a picture takes at most, from its header and the plan. The factors are measured (`npm run bench -- images/memory`
 * shows what comes of them), and rather too large than too small. Pure.
 */
import type { Format } from '../formats.ts';
import type { Options, PassOptions } from '../options/types.ts';
import { minNonZero } from './rounding.ts';
import { type SizePlan, scalePadding } from './sizes.ts';

/** A picture as its header says. */
export interface Loaded {
  readonly format: Format;
  /** Of all frames, one under the other. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Of one pixel. */
  readonly bytes: number;
  /** Of JPEG and PNG: it comes in several scans, and is whole only with the last one. */
  readonly interlaced: boolean;
}

/** What is made of it, one frame of it. */
export interface Made extends Size {
  /** Of one pixel. */
  readonly bytes: number;
  readonly alpha: boolean;
  /** Written as one palette for all. */
  readonly palette: boolean;
}

/** Lines that are worked on at once, in the formats of whole bytes and in floats. */
const workingLines = 1100;
const jobBytes = 4 * 1024 * 1024;

type Decoder = (loaded: Loaded, shrunkPixels: number) => number;
const whole: Decoder = ({ width, height, bytes }) => 2 * width * height * bytes;

/** What decoders hold of all pixels at once. Those that are missing go line by line; vector pictures are drawn as they are scaled. */
const decoders: Readonly<Partial<Record<Format, Decoder>>> = {
  jpeg: ({ width, height, interlaced }) => (interlaced ? 6.1 * width * height : 0),
  png: ({ width, height, bytes, interlaced }) => (interlaced ? 1.3 * width * height * bytes : 0),
  webp: ({ width, height, frames }, shrunkPixels) => (4.5 * width * height) / frames + 4.5 * shrunkPixels,
  gif: ({ width, height, frames }) => (6 * width * height) / frames,
  avif: ({ width, height }) => 19 * width * height,
  heic: ({ width, height }) => 19 * width * height,
  // A file may be a single strip or tile.
  tiff: whole,
};

/** @param shrink how many times smaller the decoder makes it */
export function decodingBytes(loaded: Loaded, shrink: number): number {
  const { format, width, height, frames, bytes } = loaded;
  const shrunkPixels = (width * height) / Math.max(1, shrink) ** 2;
  const lines = format === 'svg' ? 0 : Math.min(height, workingLines) * width * bytes;
  // Frames are taken out of one strip, each of which begins at its top.
  const strip = frames > 1 ? width * height * bytes : 0;
  return (decoders[format]?.(loaded, shrunkPixels) ?? 0) + lines + strip;
}

type Encoder = (made: Made) => number;
const pixels = ({ width, height }: Made): number => width * height;
/** The pixels as a file, its copy for the service, and the service's. */
const unpacked: Encoder = made => 3.3 * pixels(made) * made.bytes;

const encoders: Readonly<Partial<Record<Format, Encoder>>> = {
  jpeg: made => 6.7 * pixels(made),
  // Next to nothing is packed by less than a third.
  png: made => (made.palette ? 12 * pixels(made) : 2.2 * pixels(made) * made.bytes),
  webp: made => (made.alpha ? 16 : 8.5) * pixels(made),
  gif: made => 16 * pixels(made),
  avif: made => (made.alpha ? 32 : 21) * pixels(made),
  heic: made => 32 * pixels(made),
  tiff: unpacked,
  bmp: unpacked,
};

/** Of the formats that are tried, the one that takes most. */
export function encodingBytes(formats: readonly Format[], made: Made): number {
  return Math.max(0, ...formats.map(format => encoders[format]?.(made) ?? 0));
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a pass over a picture copies of its pixels. @param turns whether it is turned or mirrored */
export function passBytes(
  source: Size,
  bytes: number,
  options: PassOptions,
  sizes: SizePlan,
  turns: boolean,
): number {
  const scaled = scaledSize(source, sizes);
  const made = resultSize(source, options, sizes);
  const filters =
    [options.blur, options.sharpen].some(amount => (amount ?? 0) > 0) || (options.pixelate ?? 0) > 1;
  const ofSource =
    (options.trimThreshold === undefined ? 0 : 2) + (options.cropGravity?.type === 'sm' ? 2 : 0);
  const ofScaled = (turns ? 1 : 0) + (options.gravity?.type === 'sm' ? 2 : 0);
  const ofResult = (filters ? 4 : 0) + ((options.watermarkOpacity ?? 0) > 0 ? 2 : 0);
  const lines = Math.min(scaled.height, workingLines) * scaled.width * bytes;
  return bytes * (ofSource * area(source) + ofScaled * area(scaled) + ofResult * area(made)) + lines;
}

const area = ({ width, height }: Size): number => width * height;

/** Before it is cut to the result. */
function scaledSize(source: Size, sizes: SizePlan): Size {
  return {
    width: Math.ceil((sizes.cropWidth || source.width) * sizes.widthScale),
    height: Math.ceil((sizes.cropHeight || source.height) * sizes.heightScale),
  };
}

/** What a pass makes at most, borders included. */
export function resultSize(source: Size, options: PassOptions, sizes: SizePlan): Size {
  const scaled = scaledSize(source, sizes);
  const { top, right, bottom, left } = scalePadding(options, sizes.dpr);
  const side = (size: number, limit: number, target: number, ratio: number): number =>
    Math.max(minNonZero(size, limit), options.extend ? target : 0, options.extendAspectRatio ? ratio : 0);
  return {
    width: side(scaled.width, sizes.resultWidth, sizes.targetWidth, sizes.ratioWidth) + left + right,
    height: side(scaled.height, sizes.resultHeight, sizes.targetHeight, sizes.ratioHeight) + top + bottom,
  };
}

/** Whether the result is written more than once. */
export const writesOften = ({ maxBytes = 0, best = false }: Options): boolean => maxBytes > 0 || best;

export const withJob = (bytes: number): number => Math.ceil(bytes) + jobBytes;
