/** Blur, sharpening, pixels as large as stamps. */
import { convertTo } from '../colour.ts';
import { extend, type Image, interpretations } from '../vips/index.ts';
import type { Pass } from './context.ts';

export async function applyFilters({ options, image, work }: Pass): Promise<void> {
  const { blur = 0, sharpen = 0, pixelate = 1 } = options;
  if (blur === 0 && sharpen === 0 && pixelate <= 1) return;
  await work.deadline.during(image, () => image.copyMemory());
  convertTo(image, interpretations.srgb);
  const { interpretation, bandFormat } = image;
  const blends = (blur > 0 || sharpen > 0) && image.hasAlpha;
  if (blends) {
    image.apply('premultiply');
    image.apply('cast', { format: { int: bandFormat } });
  }
  if (blur > 0) await image.applyAsync('gaussblur', { sigma: { double: blur } });
  if (sharpen > 0) await image.applyAsync('sharpen', { sigma: { double: sharpen } });
  const block = Math.min(pixelate, Math.max(image.width, image.height));
  if (block > 1) pixelateBy(image, block);
  if (blends) image.apply('unpremultiply');
  image.apply('colourspace', { space: { int: interpretation } });
  image.apply('cast', { format: { int: bandFormat } });
  await work.deadline.during(image, () => image.copyMemory());
}

function pixelateBy(image: Image, block: number): void {
  const { width, height } = image;
  const whole = {
    width: Math.ceil(width / block) * block,
    height: Math.ceil(height / block) * block,
  };
  const uneven = whole.width > width || whole.height > height;
  if (uneven) {
    image.apply('embed', {
      x: { int: 0 },
      y: { int: 0 },
      width: { int: whole.width },
      height: { int: whole.height },
      extend: { int: extend.mirror },
    });
  }
  image.apply('shrink', { hshrink: { double: block }, vshrink: { double: block } });
  image.apply('zoom', { xfac: { int: block }, yfac: { int: block } });
  if (uneven) {
    image.apply('extract_area', {
      left: { int: 0 },
      top: { int: 0 },
      width: { int: width },
      height: { int: height },
    });
  }
}
