/** Where a window lies in a picture, and a picture in a larger one. Pure. */
import type { Gravity } from '../options/types.ts';
import { roundToEven, scaleToEven, shrinkToEven } from './rounding.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Position {
  readonly left: number;
  readonly top: number;
}

const north = new Set(['no', 'noea', 'nowe']);
const south = new Set(['so', 'soea', 'sowe']);
const east = new Set(['ea', 'noea', 'soea']);
const west = new Set(['we', 'nowe', 'sowe']);

/**
 * Offsets count inward from the named edge; `dpr` scales those in pixels.
 * @param overhangs whether the inner one may stick out, as a watermark may, so long as a pixel of it is seen
 */
export function findPosition(
  outer: Size,
  inner: Size,
  gravity: Gravity,
  dpr: number,
  overhangs = false,
): Position {
  const { left, top } =
    gravity.type === 'fp' ? aroundPoint(outer, inner, gravity) : byEdge(outer, inner, gravity, dpr);
  const bounds = overhangs
    ? {
        minX: 1 - inner.width,
        maxX: outer.width - 1,
        minY: 1 - inner.height,
        maxY: outer.height - 1,
      }
    : { minX: 0, maxX: outer.width - inner.width, minY: 0, maxY: outer.height - inner.height };
  return {
    left: Math.max(bounds.minX, Math.min(left, bounds.maxX)),
    top: Math.max(bounds.minY, Math.min(top, bounds.maxY)),
  };
}

function aroundPoint(outer: Size, inner: Size, { x = 0, y = 0 }: Gravity): Position {
  return {
    left: scaleToEven(outer.width, x) - Math.trunc(inner.width / 2),
    top: scaleToEven(outer.height, y) - Math.trunc(inner.height / 2),
  };
}

function byEdge(outer: Size, inner: Size, gravity: Gravity, dpr: number): Position {
  const { type = 'ce', x = 0, y = 0 } = gravity;
  const offsetX = findOffset(outer.width, x, dpr);
  const offsetY = findOffset(outer.height, y, dpr);
  let left = shrinkToEven(outer.width - inner.width + 1, 2) + offsetX;
  let top = shrinkToEven(outer.height - inner.height + 1, 2) + offsetY;
  if (north.has(type)) top = offsetY;
  if (south.has(type)) top = outer.height - inner.height - offsetY;
  if (west.has(type)) left = offsetX;
  if (east.has(type)) left = outer.width - inner.width - offsetX;
  return { left, top };
}

/** From 1 pixels, below a share. */
export function findOffset(size: number, offset: number, dpr: number): number {
  return Math.abs(offset) >= 1 ? roundToEven(offset * dpr) : scaleToEven(size, offset);
}
