/** Cuts: of the source before scaling, and to the result's size after it. */
import type { Gravity } from '../../options/types.ts';
import { turnGravity } from '../../plan/gravity.ts';
import { findPosition } from '../../plan/position.ts';
import { minNonZero } from '../../plan/rounding.ts';
import type { Pass } from './context.ts';

export async function crop(pass: Pass): Promise<void> {
  const { options, sizes, angle, flip } = pass;
  const { rotate = 0, flipHorizontal = false, flipVertical = false } = options;
  // It will be turned by its orientation and then by the options: the other way round from here.
  let gravity = turnGravity(pass.cropGravity, rotate, flipHorizontal, flipVertical);
  gravity = turnGravity(gravity, angle, flip, false);
  const onSide = (angle + rotate) % 180 === 90;
  const [width, height] = onSide ? [sizes.cropHeight, sizes.cropWidth] : [sizes.cropWidth, sizes.cropHeight];
  await cut(pass, width, height, gravity, 1);
}

export async function cropToResult(pass: Pass): Promise<void> {
  const { sizes, options } = pass;
  await cut(pass, sizes.resultWidth, sizes.resultHeight, options.gravity ?? {}, sizes.dpr);
}

async function cut(
  { image, work }: Pass,
  toWidth: number,
  toHeight: number,
  gravity: Gravity,
  dpr: number,
): Promise<void> {
  if (toWidth === 0 && toHeight === 0) return;
  const inner = { width: minNonZero(toWidth, image.width), height: minNonZero(toHeight, image.height) };
  if (inner.width >= image.width && inner.height >= image.height) return;
  const size = { width: { int: inner.width }, height: { int: inner.height } };
  if (gravity.type === 'sm') {
    await work.deadline.during(image, () => image.copyMemory());
    await work.deadline.during(image, () => image.applyAsync('smartcrop', size));
    return;
  }
  // A window is never larger than the picture, whatever the other side is.
  const window = {
    width: Math.min(inner.width, image.width),
    height: Math.min(inner.height, image.height),
  };
  const { left, top } = findPosition(image, window, gravity, dpr);
  image.apply('extract_area', {
    left: { int: left },
    top: { int: top },
    width: { int: window.width },
    height: { int: window.height },
  });
}
