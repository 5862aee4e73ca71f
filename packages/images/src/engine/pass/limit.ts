/** What a format cannot hold is scaled down to what it can. */
import type { Format } from '../../formats.ts';
import type { Image } from '../vips/index.ts';
import type { Pass } from './context.ts';
import { resize } from './scale.ts';

/** The longest side in pixels. */
const longest: Readonly<Partial<Record<Format, number>>> = {
  webp: 16_383,
  avif: 16_384,
  heic: 16_384,
  gif: 65_535,
  ico: 256,
};
const maxGifPixels = Math.trunc((2 ** 31 - 1) / 4);

export function fitFormat({ image, work }: Pass): void {
  const over = Math.max(image.width, image.height) / (longest[work.format] ?? Number.POSITIVE_INFINITY);
  // Of GIF the number of pixels is bounded as well, and the reference takes the root of either.
  const shrink = work.format === 'gif' ? Math.sqrt(Math.max(over, pixelsOver(image))) : over;
  if (shrink > 1) resize(image, 1 / shrink, 1 / shrink);
}

const pixelsOver = (image: Image): number => (image.width * image.height) / maxGifPixels;
