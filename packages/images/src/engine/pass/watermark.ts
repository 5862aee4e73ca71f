/** The watermark of the settings: scaled to the result, put on it or tiled over it. */
import type { PassOptions } from '../../options/types.ts';
import { findOffset, findPosition } from '../../plan/position.ts';
import { scaleToEven } from '../../plan/rounding.ts';
import { toProcessing } from '../colour.ts';
import { loadImage } from '../load.ts';
import { assertFrames } from '../resolution.ts';
import type { Picture } from '../types.ts';
import { blend, call, type Image, interpretations, Scope } from '../vips/index.ts';
import { pad } from './background.ts';
import { beginPass, keepsHdr, type Pass, type Work } from './context.ts';
import { guardVector, scaleOnLoad } from './load.ts';
import { scale } from './scale.ts';
import { turn } from './turn.ts';

export async function watermark({ options, image, work, sizes }: Pass): Promise<void> {
  await markFrames(image, options, work, sizes.dpr, 1);
}

/** Puts it on each of the frames that stand one under the other. */
export async function markFrames(
  image: Image,
  options: PassOptions,
  work: Work,
  dpr: number,
  frames: number,
): Promise<void> {
  const opacity = (options.watermarkOpacity ?? 0) * work.config.watermarkOpacity;
  if (work.watermark === null || (options.watermarkOpacity ?? 0) === 0) return;
  const frame = { width: image.width, height: Math.trunc(image.height / frames) };
  using mark = await prepare(work.watermark, options, work, frame, dpr);
  const position = options.watermarkPosition ?? 'ce';
  if (position === 're') {
    if (frames > 1) tile(mark, image.width, image.height, false);
    compose(image, mark, 0, 0, opacity);
    return;
  }
  const gravity = { type: position, x: options.watermarkX, y: options.watermarkY };
  let { left, top } = findPosition(frame, mark, gravity, dpr, true);
  if (left >= frame.width || top >= frame.height || -left >= mark.width || -top >= mark.height) return;
  if (frames > 1) top = cutAtEdges(mark, top, frame.height);
  for (let i = 0; i < frames; i++) compose(image, mark, left, top + i * frame.height, opacity);
}

/** What hangs over a frame's edge would show on the next one. Gives where the rest begins. */
function cutAtEdges(mark: Image, top: number, frameHeight: number): number {
  const above = Math.max(0, -top);
  const begin = Math.max(0, top);
  const height = Math.min(mark.height - above, frameHeight - begin);
  if (above > 0 || height < mark.height) {
    mark.apply('extract_area', {
      left: { int: 0 },
      top: { int: above },
      width: { int: mark.width },
      height: { int: height },
    });
  }
  return begin;
}

async function prepare(
  picture: Picture,
  options: PassOptions,
  work: Work,
  frame: { readonly width: number; readonly height: number },
  dpr: number,
): Promise<Image> {
  const maxPixels = work.options.maxSrcResolution ?? work.config.maxSrcResolution;
  const mark = await loadImage(picture, { maxPixels }, work.config);
  try {
    if (picture.format !== 'svg') assertFrames(mark, 1, work.options, work.config);
    const own = markOptions(options, frame, dpr);
    const pass = beginPass({ ...work, format: picture.format, options: {} }, mark, own, picture);
    await guardVector(pass);
    await scaleOnLoad(pass);
    toProcessing(mark, keepsHdr(pass.work));
    scale(pass);
    await turn(pass);
    pad(pass);
    await work.deadline.during(mark, () => mark.copyMemory());
    if (options.watermarkPosition === 're') tile(mark, frame.width, frame.height, true);
    stripAll(mark);
    return mark;
  } catch (error) {
    mark.release();
    throw error;
  }
}

function markOptions(
  options: PassOptions,
  frame: { readonly width: number; readonly height: number },
  dpr: number,
): PassOptions {
  const own: PassOptions = { resizingType: 'fit', dpr: 1, enlarge: true };
  const { watermarkScale = 0, watermarkX = 0, watermarkY = 0 } = options;
  if (watermarkScale > 0) {
    own.width = Math.max(scaleToEven(frame.width, watermarkScale), 1);
    own.height = Math.max(scaleToEven(frame.height, watermarkScale), 1);
  }
  if (options.watermarkPosition === 're') {
    // Between tiles lies the offset.
    const x = findOffset(frame.width, watermarkX, dpr);
    const y = findOffset(frame.height, watermarkY, dpr);
    own.paddingLeft = Math.trunc(x / 2);
    own.paddingRight = x - own.paddingLeft;
    own.paddingTop = Math.trunc(y / 2);
    own.paddingBottom = y - own.paddingTop;
  }
  return own;
}

function tile(mark: Image, width: number, height: number, centred: boolean): void {
  const count = (size: number, of: number): number => {
    const n = Math.ceil(size / of);
    return centred && n % 2 === 0 ? n + 1 : n;
  };
  mark.apply('replicate', {
    across: { int: count(width, mark.width) },
    down: { int: count(height, mark.height) },
  });
  mark.apply('extract_area', {
    left: { int: centred ? Math.trunc((mark.width - width) / 2) : 0 },
    top: { int: centred ? Math.trunc((mark.height - height) / 2) : 0 },
    width: { int: width },
    height: { int: height },
  });
}

/** Nothing that the watermark says of itself is said of the picture. */
function stripAll(mark: Image): void {
  mark.own();
  for (const name of mark.fields()) if (name !== 'vips-sequential') mark.remove(name);
}

function compose(image: Image, mark: Image, left: number, top: number, opacity: number): void {
  using layer = mark.branch();
  if (!layer.hasAlpha) layer.apply('addalpha');
  if (opacity < 1) fade(layer, opacity);
  const { hasAlpha, bandFormat } = image;
  image.replace(
    call('composite2', {
      base: { image: image.pointer },
      overlay: { image: layer.pointer },
      mode: { int: blend.over },
      x: { int: left },
      y: { int: top },
      'compositing-space': { int: compositingSpace(image.interpretation, layer.interpretation) },
    }),
  );
  image.apply('cast', { format: { int: bandFormat } });
  if (!hasAlpha && image.hasAlpha) {
    image.apply('extract_band', { band: { int: 0 }, n: { int: image.bands - 1 } });
  }
}

function fade(layer: Image, opacity: number): void {
  using scope = new Scope();
  const colours = layer.bands - 1;
  const base = { image: layer.pointer };
  const colour = scope.call('extract_band', { in: base, band: { int: 0 }, n: { int: colours } });
  const alpha = scope.call('extract_band', { in: base, band: { int: colours }, n: { int: 1 } });
  const faded = scope.call('linear', {
    in: { image: alpha },
    a: { doubles: [opacity] },
    b: { doubles: [0] },
  });
  layer.replace(call('bandjoin', { in: { images: [colour, faded] } }));
}

/** A coloured watermark makes a grey picture coloured. */
function compositingSpace(picture: number, mark: number): number {
  const greys: readonly number[] = [interpretations.bw, interpretations.grey16];
  if (!greys.includes(picture) || greys.includes(mark)) return picture;
  return picture === interpretations.bw ? interpretations.srgb : interpretations.rgb16;
}
