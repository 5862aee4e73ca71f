/** What can be told of a picture without drawing it. */
import { formats } from '../formats.ts';
import { loadImage } from './load.ts';
import { openingBytes } from './memory.ts';
import { liesOnSide, orientationOf } from './orientation.ts';
import type { Context } from './process.ts';
import type { Picture, PictureInfo, ProcessResult } from './types.ts';
import { bandFormats, type Image, interpretations } from './vips/index.ts';

/** @throws {ImagesError} */
export async function describePicture(
  source: Picture,
  { config, allowance }: Context,
): Promise<ProcessResult> {
  await allowance.need(openingBytes(source));
  using image = await loadImage(source, { maxPixels: config.maxSrcResolution }, config);
  const info = infoOf(source, image);
  const { width, height } = info;
  return {
    format: source.format,
    originWidth: width,
    originHeight: height,
    resultWidth: width,
    resultHeight: height,
    info,
  };
}

function infoOf({ format, data }: Picture, image: Image): PictureInfo {
  const orientation = orientationOf(image);
  const onSide = liesOnSide(orientation);
  return {
    format,
    mime: formats[format].mime,
    width: onSide ? image.height : image.width,
    height: onSide ? image.width : image.height,
    orientation,
    pages: image.getInt('n-pages') ?? 1,
    alpha: image.hasAlpha,
    bitsPerChannel: image.getInt('bits-per-sample') ?? (image.bandFormat === bandFormats.uchar ? 8 : 16),
    colorspace: nameOf(image.guessedInterpretation),
    hasColorProfile: image.hasField('icc-profile-data'),
    bytes: data.length,
  };
}

function nameOf(interpretation: number): string {
  const found = Object.entries(interpretations).find(([, number]) => number === interpretation);
  return found?.[0] ?? 'other';
}
