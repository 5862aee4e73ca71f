/** Loading a picture smaller than it is, and what that does to the plan. Pure. */
import type { Format } from '../formats.ts';
import type { Gravity } from '../options/types.ts';
import { roundToEven, scale, shrink } from './rounding.ts';
import type { SizePlan, Source } from './sizes.ts';

/** What decoders can do for nothing: JPEG by 2, 4 and 8, WebP and SVG by any factor. 1 for as it is. */
export function planPreshrink(source: Source, sizes: SizePlan): number {
  const horizontal = source.width / scale(source.width, sizes.widthScale);
  const vertical = source.height / scale(source.height, sizes.heightScale);
  return Math.min(horizontal, vertical);
}

/** The factor that the loader of this format takes; 1 when it loads the picture as it is. */
export function loaderShrink(format: Format, preshrink: number): number {
  if (format !== 'jpeg') return preshrink;
  return [8, 4, 2].find(factor => preshrink >= factor) ?? 1;
}

/** Adjusts the plan to a source that was loaded smaller. */
export function applyPreshrink(
  sizes: SizePlan,
  gravity: Gravity,
  source: Source,
  loaded: { readonly width: number; readonly height: number },
): { readonly sizes: SizePlan; readonly gravity: Gravity } {
  const byWidth = source.width / loaded.width;
  const byHeight = source.height / loaded.height;
  const widthScale = sizes.widthScale * byWidth;
  const heightScale = sizes.heightScale * byHeight;
  return {
    sizes: {
      ...sizes,
      // A size that is met already needs no further pass.
      widthScale: loaded.width === scale(loaded.width, widthScale) ? 1 : widthScale,
      heightScale: loaded.height === scale(loaded.height, heightScale) ? 1 : heightScale,
      cropWidth: sizes.cropWidth > 0 ? Math.max(1, shrink(sizes.cropWidth, byWidth)) : 0,
      cropHeight: sizes.cropHeight > 0 ? Math.max(1, shrink(sizes.cropHeight, byHeight)) : 0,
    },
    gravity:
      gravity.type === 'fp'
        ? gravity
        : { ...gravity, x: shrinkOffset(gravity.x, byWidth), y: shrinkOffset(gravity.y, byHeight) },
  };
}

/** Rounded, so that an offset in pixels stays one. */
function shrinkOffset(offset = 0, by: number): number {
  return Math.abs(offset) >= 1 ? roundToEven(offset / by) : offset;
}
