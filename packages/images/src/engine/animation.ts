/** Pictures of several frames: each goes through the pass alone, the watermark is drawn on all of them together. */

import type { PassOptions } from '../options/types.ts';
import { beginPass, type Work } from './pass/context.ts';
import { runPass } from './pass/index.ts';
import { markFrames } from './pass/watermark.ts';
import { call, type Image } from './vips/index.ts';

/** Milliseconds of a frame that says nothing of its own. */
const defaultDelay = 40;

export function isAnimated(image: Image): boolean {
  return image.hasField('delay') && image.hasField('loop') && (image.getInt('n-pages') ?? 1) > 1;
}

export function removeAnimation(image: Image): void {
  image.own();
  for (const name of ['delay', 'loop', 'page-height', 'n-pages']) image.remove(name);
}

/** @param image frames that stand one under the other */
export async function transformFrames(image: Image, options: PassOptions, work: Work): Promise<void> {
  const { width, height, pageHeight } = image;
  const count = Math.trunc(height / pageHeight);
  const delay = image.getInts('delay') ?? [];
  const loop = image.getInt('loop') ?? 0;
  // Each frame would be trimmed to another size.
  const { trimThreshold: _, watermarkOpacity: __, ...ofFrames } = options;
  const frames: Image[] = [];
  let dpr = 1;
  try {
    for (let i = 0; i < count; i++) {
      const frame = image.branch();
      frames.push(frame);
      frame.apply('extract_area', {
        left: { int: 0 },
        top: { int: i * pageHeight },
        width: { int: width },
        height: { int: pageHeight },
      });
      const pass = beginPass(work, frame, ofFrames, null);
      await runPass(pass);
      dpr = pass.sizes.dpr;
      // A sequential source gives its lines once, in order.
      if (pass.sizes.widthScale < 1 || pass.sizes.heightScale < 1) {
        await work.deadline.during(frame, () => frame.copyMemory());
      }
    }
    const images = frames.map(frame => frame.pointer);
    image.replace(call('arrayjoin', { in: { images }, across: { int: 1 } }));
  } finally {
    for (const frame of frames) frame.release();
  }
  await markFrames(image, options, work, dpr, count);
  const frameHeight = Math.trunc(image.height / count);
  image.own();
  image.setInt('page-height', frameHeight);
  image.setInts('delay', delay.length === 0 ? new Array(count).fill(defaultDelay) : delay.slice(0, count));
  image.setInt('loop', loop);
  image.setInt('n-pages', count);
}
