/** Transparency: made by borders, filled by a colour. */
import { formats } from '../../formats.ts';
import type { Gravity, Rgb } from '../../options/types.ts';
import { findPosition } from '../../plan/position.ts';
import { hasPadding, scalePadding } from '../../plan/sizes.ts';
import { depthOf, toKnownSpace } from '../colour.ts';
import { extend as border, type Image } from '../vips/index.ts';
import type { Pass } from './context.ts';

const white: Rgb = { r: 255, g: 255, b: 255 };

export function extend(pass: Pass): void {
  const { options, sizes } = pass;
  if (options.extend) extendTo(pass, sizes.targetWidth, sizes.targetHeight, options.extendGravity ?? {});
}

export function extendAspectRatio(pass: Pass): void {
  const { options, sizes } = pass;
  if (!options.extendAspectRatio || sizes.ratioWidth === 0 || sizes.ratioHeight === 0) return;
  extendTo(pass, sizes.ratioWidth, sizes.ratioHeight, options.extendAspectRatioGravity ?? {});
}

function extendTo({ image, sizes }: Pass, toWidth: number, toHeight: number, gravity: Gravity): void {
  if (toWidth <= image.width && toHeight <= image.height) return;
  const outer = {
    width: toWidth <= 0 ? image.width : toWidth,
    height: toHeight <= 0 ? image.height : toHeight,
  };
  const { left, top } = findPosition(outer, image, gravity, sizes.dpr);
  embed(image, left, top, outer.width, outer.height);
}

export function pad({ options, image, sizes }: Pass): void {
  if (!hasPadding(options)) return;
  const { top, right, bottom, left } = scalePadding(options, sizes.dpr);
  embed(image, left, top, image.width + left + right, image.height + top + bottom);
}

function embed(image: Image, x: number, y: number, width: number, height: number): void {
  if (!image.hasAlpha) image.apply('addalpha');
  image.apply('embed', {
    x: { int: x },
    y: { int: y },
    width: { int: width },
    height: { int: height },
    extend: { int: border.black },
  });
}

export function flatten({ options, image, work }: Pass): void {
  if (options.background === undefined && formats[work.format].alpha) return;
  flattenOn(image, options.background ?? white);
}

/** Puts the picture on a colour; one that is grey leaves a grey picture grey. */
export function flattenOn(image: Image, { r, g, b }: Rgb): void {
  if (!image.hasAlpha) return;
  toKnownSpace(image, r !== g || r !== b);
  const scale = depthOf(image) === 16 ? 257 : 1;
  image.apply('flatten', { background: { doubles: [r * scale, g * scale, b * scale] } });
}
