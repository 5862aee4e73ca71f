/** Cuts off a background of one colour. */
import type { Rgb } from '../../options/types.ts';
import { toProcessing } from '../colour.ts';
import { type Image, interpretations, takeDoubles, takeInt } from '../vips/index.ts';
import { callFor } from '../vips/operation.ts';
import { flattenOn } from './background.ts';
import { keepsHdr, measure, type Pass } from './context.ts';

/** What transparency counts as while the edges are looked for. */
const transparent: Rgb = { r: 255, g: 0, b: 255 };

export async function trim(pass: Pass): Promise<void> {
  const { options, image, work } = pass;
  if (options.trimThreshold === undefined) return;
  toProcessing(image, keepsHdr(work));
  await work.deadline.during(image, () => image.copyMemory());
  const box = await work.deadline.during(image, () => findBox(image, options.trimThreshold ?? 10, pass));
  if (box !== null) {
    image.apply('extract_area', {
      left: { int: box.left },
      top: { int: box.top },
      width: { int: box.width },
      height: { int: box.height },
    });
    await image.copyMemory();
  }
  pass.source = null;
  measure(pass);
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Null when nothing would be left. */
async function findBox(image: Image, threshold: number, { options }: Pass): Promise<Box | null> {
  using seen = image.branch();
  if (seen.guessedInterpretation !== interpretations.srgb) {
    seen.apply('colourspace', { space: { int: interpretations.srgb } });
  }
  flattenOn(seen, transparent);
  const background = options.trimColor ? rgbOf(options.trimColor) : await pointAt(seen);
  const args = {
    in: { image: seen.pointer },
    background: { doubles: background },
    threshold: { double: threshold },
  };
  const box = await callFor('find_trim', args, operation => ({
    left: takeInt('left')(operation),
    top: takeInt('top')(operation),
    width: takeInt('width')(operation),
    height: takeInt('height')(operation),
  }));
  if (options.trimEqualHorizontal) evenOut(box, 'left', 'width', image.width);
  if (options.trimEqualVertical) evenOut(box, 'top', 'height', image.height);
  return box.width === 0 || box.height === 0 ? null : box;
}

async function pointAt(image: Image): Promise<readonly number[]> {
  const args = { in: { image: image.pointer }, x: { int: 0 }, y: { int: 0 } };
  return await callFor('getpoint', args, takeDoubles('out-array'));
}

/** Cuts off both sides only what the smaller one has. */
function evenOut(box: Box, start: 'left' | 'top', size: 'width' | 'height', whole: number): void {
  const end = whole - box[start] - box[size];
  const more = end - box[start];
  if (more > 0) box[size] += more;
  else if (more < 0) {
    box[start] = end;
    box[size] -= more;
  }
}

const rgbOf = ({ r, g, b }: Rgb): readonly number[] => [r, g, b];
