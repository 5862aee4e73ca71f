/** Loads the source as small as its decoder can make it, where that saves work. */
import { formats } from '../../formats.ts';
import { applyPreshrink, loaderShrink, planPreshrink } from '../../plan/load.ts';
import { loadImage } from '../load.ts';
import { geometryOf } from '../orientation.ts';
import { type Image, VipsError } from '../vips/index.ts';
import { measure, type Pass } from './context.ts';

/** Draws a vector picture down to the limit of sources instead of refusing it. */
export async function guardVector(pass: Pass): Promise<void> {
  const { source, image, maxPixels, work } = pass;
  if (source?.format !== 'svg') return;
  const pixels = image.width * image.height;
  if (pixels > maxPixels) {
    pass.vectorShrink = Math.sqrt(pixels / maxPixels);
    const options = { shrink: pass.vectorShrink, maxPixels };
    using drawn = await loadImage(source, options, work.config);
    image.become(drawn);
  }
  measure(pass);
}

export async function scaleOnLoad(pass: Pass): Promise<void> {
  const { source, work } = pass;
  if (source === null) return;
  const whole = { width: pass.sourceWidth, height: pass.sourceHeight, vector: source.format === 'svg' };
  const preshrink = planPreshrink(whole, pass.sizes) * pass.vectorShrink;
  const { vector, thumbnail } = formats[source.format];
  if (preshrink === 1 || Number.isNaN(preshrink)) return;
  if (!vector) {
    if (work.config.disableShrinkOnLoad || preshrink <= 1) return;
    if (source.format !== 'jpeg' && source.format !== 'webp' && !thumbnail) return;
  }
  using loaded = thumbnail ? await loadThumbnail(pass) : await loadShrunk(pass, preshrink);
  if (loaded === null) return;
  const geometry = geometryOf(
    loaded,
    pass.options.rotate ?? 0,
    pass.options.autoRotate ?? work.config.autoRotate,
  );
  const byWidth = whole.width / geometry.width;
  const byHeight = whole.height / geometry.height;
  // A thumbnail may be too small, or no smaller than the picture.
  if (thumbnail && (Math.min(byWidth, byHeight) <= 1 || Math.max(byWidth, byHeight) > preshrink)) return;
  pass.image.become(loaded);
  pass.angle = geometry.angle;
  pass.flip = geometry.flip;
  const { sizes, gravity } = applyPreshrink(pass.sizes, pass.cropGravity, whole, geometry);
  pass.sizes = sizes;
  pass.cropGravity = gravity;
}

async function loadShrunk({ source, maxPixels, work }: Pass, preshrink: number): Promise<Image | null> {
  if (source === null) return null;
  const shrink = loaderShrink(source.format, preshrink);
  return shrink === 1 ? null : await loadImage(source, { shrink, maxPixels }, work.config);
}

/** Null where there is none in it. */
async function loadThumbnail({ source, maxPixels, work }: Pass): Promise<Image | null> {
  if (source === null) return null;
  try {
    return await loadImage(source, { thumbnail: true, maxPixels }, work.config);
  } catch (error) {
    if (error instanceof Error && error.cause instanceof VipsError) return null;
    throw error;
  }
}
