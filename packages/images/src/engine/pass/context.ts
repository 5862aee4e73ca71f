/** One pass over a picture, from a frame of the source to a frame of the result. */
import { type Format, formats } from '../../formats.ts';
import type { Gravity, Options, PassOptions } from '../../options/types.ts';
import { planSizes, type SizePlan } from '../../plan/sizes.ts';
import type { Deadline } from '../deadline.ts';
import { geometryOf } from '../orientation.ts';
import { maxPixelsOf } from '../resolution.ts';
import type { EngineConfig, Picture } from '../types.ts';
import type { Image } from '../vips/index.ts';

/** What all passes and frames of one request share. */
export interface Work {
  readonly options: Options;
  /** Of the result. */
  readonly format: Format;
  readonly config: EngineConfig;
  readonly watermark: Picture | null;
  readonly deadline: Deadline;
}

export interface Pass {
  readonly work: Work;
  readonly image: Image;
  readonly options: PassOptions;
  /** The file, while it can be loaded again at another size; null for frames and for what was changed already. */
  source: Picture | null;
  readonly maxPixels: number;
  sourceWidth: number;
  sourceHeight: number;
  angle: number;
  flip: boolean;
  sizes: SizePlan;
  cropGravity: Gravity;
  /** How much smaller than it says a vector picture was drawn, for its limit. */
  vectorShrink: number;
}

export function beginPass(work: Work, image: Image, options: PassOptions, source: Picture | null): Pass {
  const gravity = options.cropGravity?.type === undefined ? options.gravity : options.cropGravity;
  const pass: Omit<Pass, 'sizes'> = {
    work,
    image,
    options,
    source,
    maxPixels: maxPixelsOf(work.options, work.config),
    sourceWidth: 0,
    sourceHeight: 0,
    angle: 0,
    flip: false,
    cropGravity: gravity ?? {},
    vectorShrink: 1,
  };
  return Object.assign(pass, { sizes: measure(pass as Pass) });
}

/** Plans anew for the image as it is now. */
export function measure(pass: Pass): SizePlan {
  const { options, work, image } = pass;
  const autoRotate = options.autoRotate ?? work.config.autoRotate;
  const geometry = geometryOf(image, options.rotate ?? 0, autoRotate);
  pass.sourceWidth = geometry.width;
  pass.sourceHeight = geometry.height;
  pass.angle = geometry.angle;
  pass.flip = geometry.flip;
  const source = {
    width: geometry.width,
    height: geometry.height,
    vector: pass.source?.format === 'svg',
  };
  pass.sizes = planSizes(options, source, work.options.maxResultDimension ?? work.config.maxResultDimension);
  return pass.sizes;
}

/** Whether 16 bits a channel stay 16. */
export function keepsHdr({ format, options, config }: Work): boolean {
  return formats[format].hdr && (options.preserveHdr ?? config.preserveHdr);
}
