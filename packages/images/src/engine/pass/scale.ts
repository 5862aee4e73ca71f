/** Scaling, in linear light where the settings want it. */
import { convertTo, importProfile } from '../colour.ts';
import { type Image, interpretations } from '../vips/index.ts';
import type { Pass } from './context.ts';

export function scale({ image, sizes, angle, options, work }: Pass): void {
  if (sizes.widthScale === 1 && sizes.heightScale === 1) return;
  const onSide = (angle + (options.rotate ?? 0)) % 180 === 90;
  const [byWidth, byHeight] = onSide
    ? [sizes.heightScale, sizes.widthScale]
    : [sizes.widthScale, sizes.heightScale];
  const space = image.interpretation;
  if (work.config.useLinearColorspace) {
    importProfile(image);
    convertTo(image, interpretations.scrgb);
  }
  resize(image, byWidth, byHeight);
  if (work.config.useLinearColorspace) convertTo(image, space);
}

/** Transparent pixels lend their neighbours no colour. */
export function resize(image: Image, byWidth: number, byHeight: number): void {
  const factors = { scale: { double: byWidth }, vscale: { double: byHeight } };
  if (!image.hasAlpha) {
    image.apply('resize', factors);
    return;
  }
  const format = { int: image.bandFormat };
  image.apply('premultiply');
  image.apply('cast', { format });
  image.apply('resize', factors);
  image.apply('unpremultiply');
  image.apply('cast', { format });
}
