/** One request's picture: looked at, decided on, drawn and written. */
import { setImmediate } from 'node:timers/promises';
import { ImagesError } from '../errors.ts';
import { type Format, formats } from '../formats.ts';
import type { Options } from '../options/types.ts';
import { planCandidates, planFormat, skipsProcessing } from '../plan/format.ts';
import { sanitizeSvg } from '../svg/sanitize.ts';
import { XmlError } from '../xml/tokens.ts';
import { isAnimated, removeAnimation, transformFrames } from './animation.ts';
import { toResult } from './colour.ts';
import type { Deadline } from './deadline.ts';
import { loadImage } from './load.ts';
import { type Allowance, drawingBytes, openingBytes, sanitizingBytes } from './memory.ts';
import { stripMetadata } from './metadata.ts';
import { liesOnSide, orientationOf } from './orientation.ts';
import { beginPass, type Work } from './pass/context.ts';
import { runPass } from './pass/index.ts';
import { assertFrames, maxPixelsOf } from './resolution.ts';
import { type Saved, saveImage } from './save.ts';
import type { EngineConfig, Picture, ProcessResult } from './types.ts';
import { type Image, VipsError } from './vips/index.ts';

export interface Processed {
  readonly result: ProcessResult;
  /** Null: the source as it is. */
  readonly data: Buffer | null;
}

export interface Context {
  readonly config: EngineConfig;
  readonly watermark: Picture | null;
  readonly deadline: Deadline;
  readonly allowance: Allowance;
}

/** @throws {ImagesError} */
export async function processPicture(
  source: Picture,
  options: Options,
  context: Context,
): Promise<Processed> {
  const { config } = context;
  const maxPixels = maxPixelsOf(options, config);
  await context.allowance.need(openingBytes(source));
  using image = await open(source, options, config, maxPixels);
  if (skipsProcessing(options, source.format, config)) return await passOn(source, image, options, context);

  const frames = options.maxAnimationFrames ?? config.maxAnimationFrames;
  const wantsAnimation = frames > 1 && isAnimated(image);
  const facts = {
    source: source.format,
    animated: wantsAnimation,
    alpha: image.hasAlpha,
    preferred: config.preferredFormats,
  };
  const candidates = options.best ? planCandidates(options, facts) : ([planFormat(options, facts)] as const);
  const [format] = candidates;
  const animated = wantsAnimation && formats[format].animation;
  if (animated) {
    const pages = Math.min(image.getInt('n-pages') ?? 1, frames);
    using whole = await loadImage(source, { pages, maxPixels }, config);
    image.become(whole);
  } else {
    removeAnimation(image);
  }
  const origin = checkedSize(image, source.format, options, config);

  const work: Work = { ...context, options, format };
  const drawn = animated ? Math.trunc(image.height / image.pageHeight) : 1;
  await context.allowance.need(drawingBytes(image, source, work, drawn, candidates));
  await transform(image, source, work, animated);
  for (const next of options.next ?? []) {
    if (animated) await transformFrames(image, next, work);
    else await runPass(beginPass(work, image, next, null));
  }
  const saved = await finish(image, work, animated, candidates);
  const result = sizeOf(image);
  return {
    data: saved.data,
    result: {
      format: saved.format,
      originWidth: origin.width,
      originHeight: origin.height,
      resultWidth: result.width,
      resultHeight: result.height,
    },
  };
}

/** The thumbnail inside a file in place of its picture, where that is wanted and there is one. */
async function open(
  source: Picture,
  options: Options,
  config: EngineConfig,
  maxPixels: number,
): Promise<Image> {
  const wantsThumbnail = options.enforceThumbnail ?? config.enforceThumbnail;
  if (wantsThumbnail && formats[source.format].thumbnail) {
    try {
      return await loadImage(source, { thumbnail: true, maxPixels }, config);
    } catch (error) {
      if (!(error instanceof Error && error.cause instanceof VipsError)) throw error;
    }
  }
  return await loadImage(source, { maxPixels }, config);
}

async function passOn(source: Picture, image: Image, options: Options, context: Context): Promise<Processed> {
  const { config } = context;
  const { width, height } = checkedSize(image, source.format, options, config);
  return {
    data: source.format === 'svg' && config.sanitizeSvg ? await sanitized(source.data, context) : null,
    result: {
      format: source.format,
      originWidth: width,
      originHeight: height,
      resultWidth: width,
      resultHeight: height,
    },
  };
}

async function sanitized(file: Buffer, { deadline, allowance }: Context): Promise<Buffer> {
  await allowance.need(sanitizingBytes(file));
  const pause = async (): Promise<void> => {
    await setImmediate();
    deadline.check();
  };
  try {
    return await sanitizeSvg(file, pause);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new ImagesError('brokenSvg', error.message, { cause: error });
  }
}

/** As it is looked at: upright, one frame. */
function sizeOf(image: Image): { readonly width: number; readonly height: number; readonly frames: number } {
  const animated = isAnimated(image);
  const height = animated ? image.pageHeight : image.height;
  const frames = animated ? Math.trunc(image.height / image.pageHeight) : 1;
  return liesOnSide(orientationOf(image))
    ? { width: height, height: image.width, frames }
    : { width: image.width, height, frames };
}

/** A vector picture is drawn at any size, so its own is no matter. @throws {ImagesError} `resolution` */
function checkedSize(
  image: Image,
  format: Format,
  options: Options,
  config: EngineConfig,
): { readonly width: number; readonly height: number } {
  const size = sizeOf(image);
  if (!formats[format].vector) assertFrames(size, size.frames, options, config);
  return size;
}

async function transform(image: Image, source: Picture, work: Work, animated: boolean): Promise<void> {
  if (animated) await transformFrames(image, work.options, work);
  else await runPass(beginPass(work, image, work.options, source));
}

async function finish(
  image: Image,
  work: Work,
  animated: boolean,
  candidates: readonly Format[],
): Promise<Saved> {
  const { options, config, format } = work;
  toResult(image, !(options.stripColorProfile ?? config.stripColorProfile) && formats[format].profile);
  work.deadline.check();
  if (options.stripMetadata ?? config.stripMetadata) {
    stripMetadata(image, { copyright: options.keepCopyright ?? config.keepCopyright, animation: animated });
  }
  if (candidates.length === 1) return await saveImage(image, work);
  return await saveSmallest(image, work, candidates);
}

/** Writes all of them: which one is smallest, only their encoders know. */
async function saveSmallest(image: Image, work: Work, candidates: readonly Format[]): Promise<Saved> {
  await work.deadline.during(image, () => image.copyMemory());
  let best: Saved | null = null;
  for (const format of candidates) {
    const saved = await saveImage(image, { ...work, format });
    if (best === null || saved.data.length < best.data.length) best = saved;
  }
  if (best === null) throw new ImagesError('internal', 'There is no format to choose.');
  return best;
}
