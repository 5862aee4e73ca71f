/** How many pixels a source may have. */
import { ImagesError } from '../errors.ts';
import type { Options } from '../options/types.ts';
import type { EngineConfig } from './types.ts';

/** @throws {ImagesError} `resolution` */
export function assertResolution(pixels: number, most: number): void {
  if (pixels > most) throw new ImagesError('resolution', 'Source image resolution is too big');
}

export const maxPixelsOf = (options: Options, config: EngineConfig): number =>
  options.maxSrcResolution ?? config.maxSrcResolution;

/** All frames together, or each of them where the limit is of one. @throws {ImagesError} `resolution` */
export function assertFrames(
  frame: { readonly width: number; readonly height: number },
  frames: number,
  options: Options,
  config: EngineConfig,
): void {
  const pixels = frame.width * frame.height;
  const perFrame = options.maxAnimationFrameResolution ?? config.maxAnimationFrameResolution;
  if (frames > 1 && perFrame > 0) assertResolution(pixels, perFrame);
  else assertResolution(pixels * Math.max(1, frames), maxPixelsOf(options, config));
}
