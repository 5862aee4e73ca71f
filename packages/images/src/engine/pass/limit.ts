/** What a format cannot hold is scaled down to what it can. */
import type { Format } from '../../formats.ts';
import type { Image } from '../vips/index.ts';
import type { Pass } from './context.ts';
import { resize } from './scale.ts';

const longest: Readonly<Partial<Record<Format, number>>> = {
  webp: 16_383,
  avif: 16_384,
  heic: 16_384,
  ico: 256,
};
const gif = { pixels: Math.trunc((2 ** 31 - 1) / 4), longest: 65_535 };

export function fitFormat({ image, work }: Pass): void {
  const factor =
    work.format === 'gif' ? gifShrink(image) : (longest[work.format] ?? Number.POSITIVE_INFINITY);
  if (work.format === 'gif') {
    if (factor > 1) resize(image, Math.sqrt(1 / factor), Math.sqrt(1 / factor));
    return;
  }
  const shrink = Math.max(image.width, image.height) / factor;
  if (shrink > 1) resize(image, 1 / shrink, 1 / shrink);
}

function gifShrink(image: Image): number {
  return Math.max(
    (image.width * image.height) / gif.pixels,
    Math.max(image.width, image.height) / gif.longest,
  );
}
