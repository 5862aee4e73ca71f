/** Turns the picture upright, and then as the options want. */

import { direction, type Image } from '../vips/index.ts';
import * as library from '../vips/library.ts';
import type { Pass } from './context.ts';

export async function turn(pass: Pass): Promise<void> {
  const { image, angle, flip, options, work } = pass;
  const { rotate = 0, flipHorizontal = false, flipVertical = false } = options;
  const turned = angle % 360 !== 0 || rotate % 360 !== 0;
  if (!turned && !flip && !flipHorizontal && !flipVertical) return;
  await work.deadline.during(image, () => image.copyMemory());
  rotateBy(image, angle);
  if (flip) mirror(image, direction.horizontal);
  rotateBy(image, rotate);
  if (flipHorizontal) mirror(image, direction.horizontal);
  if (flipVertical) mirror(image, direction.vertical);
}

function rotateBy(image: Image, angle: number): void {
  // Quarters, also of angles below 0 as far as the reference takes them.
  image.apply('rot', { angle: { int: Math.trunc(angle / 90) % 4 } });
  library.removeOrientation(image.pointer);
}

function mirror(image: Image, along: number): void {
  image.apply('flip', { direction: { int: along } });
}
