/** The sizes of one pass: what the source is scaled by, cut to and extended to. Pure. */
import type { PassOptions, ResizingType } from '../options/types.ts';
import { minNonZero, scale, scaleToEven } from './rounding.ts';

/** The source as it is looked at, turned by its orientation and the options. */
export interface Source {
  readonly width: number;
  readonly height: number;
  /** A vector picture is drawn at any size: it is never too small. */
  readonly vector: boolean;
}

export interface SizePlan {
  /** Of the crop before scaling, in pixels of the source; 0 for the whole side. */
  cropWidth: number;
  cropHeight: number;
  widthScale: number;
  heightScale: number;
  /** The density that could be had: it scales paddings and offsets. */
  dpr: number;
  readonly targetWidth: number;
  readonly targetHeight: number;
  /** What the scaled picture is cut to. */
  readonly resultWidth: number;
  readonly resultHeight: number;
  /** What it is extended to for its ratio; 0 when there is nothing to extend. */
  readonly ratioWidth: number;
  readonly ratioHeight: number;
}

interface Scales {
  widthScale: number;
  heightScale: number;
  dpr: number;
}

/** @param maxResult the longest side that a result may have; 0 for any */
export function planSizes(options: PassOptions, source: Source, maxResult: number): SizePlan {
  const cropWidth = cropSize(source.width, options.cropWidth ?? 0);
  const cropHeight = cropSize(source.height, options.cropHeight ?? 0);
  const width = minNonZero(cropWidth, source.width);
  const height = minNonZero(cropHeight, source.height);
  const scales = findScales(options, width, height, source.vector);
  const sizes = findSizes(options, width, height, scales);
  const limited = limitScales(options, width, height, scales, sizes, maxResult);
  return {
    cropWidth,
    cropHeight,
    ...(limited ?? scales),
    ...(limited === null ? sizes : findSizes(options, width, height, limited)),
  };
}

/** Pixels from 1, a share below; at least a pixel. */
function cropSize(size: number, crop: number): number {
  if (crop === 0) return 0;
  return crop >= 1 ? Math.trunc(crop) : Math.max(1, scale(size, crop));
}

function findScales(options: PassOptions, width: number, height: number, vector: boolean): Scales {
  let { horizontal, vertical } = resizingShrinks(options, width, height);
  horizontal /= options.zoomWidth ?? 1;
  vertical /= options.zoomHeight ?? 1;
  let dpr = options.dpr ?? 1;

  if (!options.enlarge && !vector) {
    const least = Math.min(horizontal, vertical);
    if (least < 1) {
      horizontal /= least;
      vertical /= least;
      // It is smaller than asked for already: a density below 1 must not take it farther away, unless the composition of an
      // extended picture is what counts.
      if (!options.extend) dpr /= least;
    }
    // The largest density that enlarges nothing.
    dpr = Math.min(dpr, horizontal, vertical);
  }

  const { minWidth = 0, minHeight = 0 } = options;
  if (minWidth > 0 && width / minWidth < horizontal) {
    vertical /= horizontal / (width / minWidth);
    horizontal = width / minWidth;
  }
  if (minHeight > 0 && height / minHeight < vertical) {
    horizontal /= vertical / (height / minHeight);
    vertical = height / minHeight;
  }

  // Nothing becomes less than a pixel.
  horizontal = Math.min(horizontal / dpr, width);
  vertical = Math.min(vertical / dpr, height);
  return { widthScale: 1 / horizontal, heightScale: 1 / vertical, dpr };
}

function resizingShrinks(
  options: PassOptions,
  width: number,
  height: number,
): { horizontal: number; vertical: number } {
  const { width: wantedWidth = 0, height: wantedHeight = 0 } = options;
  const toWidth = wantedWidth || width;
  const toHeight = wantedHeight || height;
  const horizontal = toWidth === width ? 1 : width / toWidth;
  const vertical = toHeight === height ? 1 : height / toHeight;
  if (horizontal === 1 && vertical === 1) return { horizontal, vertical };

  const type = resolveAuto(options.resizingType ?? 'fit', width - height, toWidth - toHeight);
  if (type === 'force') return { horizontal, vertical };
  const both = (value: number) => ({ horizontal: value, vertical: value });
  if (wantedWidth === 0) return both(vertical);
  if (wantedHeight === 0) return both(horizontal);
  return both(type === 'fit' ? Math.max(horizontal, vertical) : Math.min(horizontal, vertical));
}

/** `auto` fills when both lie the same way; a square counts as landscape. */
function resolveAuto(type: ResizingType, source: number, target: number): Exclude<ResizingType, 'auto'> {
  if (type !== 'auto') return type;
  return source >= 0 === target >= 0 ? 'fill' : 'fit';
}

type Sizes = Pick<
  SizePlan,
  'targetWidth' | 'targetHeight' | 'resultWidth' | 'resultHeight' | 'ratioWidth' | 'ratioHeight'
>;

function findSizes(options: PassOptions, width: number, height: number, scales: Scales): Sizes {
  const targetWidth = scale(options.width ?? 0, scales.dpr * (options.zoomWidth ?? 1));
  const targetHeight = scale(options.height ?? 0, scales.dpr * (options.zoomHeight ?? 1));
  const scaledWidth = scale(width, scales.widthScale);
  const scaledHeight = scale(height, scales.heightScale);

  let resultWidth = targetWidth;
  let resultHeight = targetHeight;
  if (options.resizingType === 'fill-down' && !options.enlarge) {
    // Too small for the target: as large a part of it as has the target's ratio.
    const overWidth = targetWidth / scaledWidth;
    const overHeight = targetHeight / scaledHeight;
    if (overWidth > overHeight && overWidth > 1) {
      resultWidth = scaledWidth;
      resultHeight = scale(scaledWidth, targetHeight / targetWidth);
    } else if (overHeight > overWidth && overHeight > 1) {
      resultWidth = scale(scaledHeight, targetWidth / targetHeight);
      resultHeight = scaledHeight;
    }
  }

  let ratioWidth = 0;
  let ratioHeight = 0;
  if (options.extendAspectRatio && targetWidth > 0 && targetHeight > 0) {
    const outWidth = minNonZero(scaledWidth, resultWidth);
    const outHeight = minNonZero(scaledHeight, resultHeight);
    const overWidth = targetWidth / outWidth;
    const overHeight = targetHeight / outHeight;
    if (overHeight > overWidth) {
      ratioHeight = scale(outWidth, targetHeight / targetWidth);
      ratioWidth = outWidth;
    } else if (overWidth > overHeight) {
      ratioWidth = scale(outHeight, targetWidth / targetHeight);
      ratioHeight = outHeight;
    }
  }
  return { targetWidth, targetHeight, resultWidth, resultHeight, ratioWidth, ratioHeight };
}

/** Smaller scales that keep the result within its limit; null when it is. */
function limitScales(
  options: PassOptions,
  width: number,
  height: number,
  scales: Scales,
  sizes: Sizes,
  maxResult: number,
): Scales | null {
  if (maxResult <= 0) return null;
  let outWidth = minNonZero(scale(width, scales.widthScale), sizes.resultWidth);
  let outHeight = minNonZero(scale(height, scales.heightScale), sizes.resultHeight);
  if (options.extend) {
    outWidth = Math.max(outWidth, sizes.targetWidth);
    outHeight = Math.max(outHeight, sizes.targetHeight);
  } else if (options.extendAspectRatio) {
    outWidth = Math.max(outWidth, sizes.ratioWidth);
    outHeight = Math.max(outHeight, sizes.ratioHeight);
  }
  const { top, right, bottom, left } = scalePadding(options, scales.dpr);
  outWidth += left + right;
  outHeight += top + bottom;
  const longest = Math.max(outWidth, outHeight);
  if (longest <= maxResult) return null;
  const down = maxResult / longest;
  return {
    widthScale: Math.max(scales.widthScale * down, 1 / width),
    heightScale: Math.max(scales.heightScale * down, 1 / height),
    dpr: scales.dpr * down,
  };
}

export interface Padding {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** The paddings at a density. */
export function scalePadding(options: PassOptions, dpr: number): Padding {
  return {
    top: scaleToEven(options.paddingTop ?? 0, dpr),
    right: scaleToEven(options.paddingRight ?? 0, dpr),
    bottom: scaleToEven(options.paddingBottom ?? 0, dpr),
    left: scaleToEven(options.paddingLeft ?? 0, dpr),
  };
}

export function hasPadding({ paddingTop, paddingRight, paddingBottom, paddingLeft }: PassOptions): boolean {
  return [paddingTop, paddingRight, paddingBottom, paddingLeft].some(side => (side ?? 0) !== 0);
}
