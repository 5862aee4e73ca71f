/** The steps of a pass, in the reference's order: everything of a result depends on it. */
import { toProcessing } from '../colour.ts';
import { extend, extendAspectRatio, flatten, pad } from './background.ts';
import { keepsHdr, type Pass } from './context.ts';
import { crop, cropToResult } from './crop.ts';
import { applyFilters } from './filters.ts';
import { fitFormat } from './limit.ts';
import { guardVector, scaleOnLoad } from './load.ts';
import { scale } from './scale.ts';
import { trim } from './trim.ts';
import { turn } from './turn.ts';
import { watermark } from './watermark.ts';

const steps: readonly ((pass: Pass) => void | Promise<void>)[] = [
  guardVector,
  trim,
  scaleOnLoad,
  toWorkingColours,
  crop,
  scale,
  turn,
  cropToResult,
  applyFilters,
  extend,
  extendAspectRatio,
  pad,
  fitFormat,
  flatten,
  watermark,
];

function toWorkingColours({ image, work }: Pass): void {
  toProcessing(image, keepsHdr(work));
}

/** @throws {ImagesError} */
export async function runPass(pass: Pass): Promise<void> {
  for (const step of steps) {
    await step(pass);
    pass.work.deadline.check();
  }
}
