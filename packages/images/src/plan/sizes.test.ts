import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PassOptions } from '../options/types.ts';
import { planSizes, scalePadding } from './sizes.ts';

/** The size that the picture is scaled and cut to. */
function resultOf(options: PassOptions, width = 640, height = 480): readonly [number, number] {
  const plan = planSizes(options, { width, height, vector: false }, 0);
  const scaled = [Math.round(width * plan.widthScale), Math.round(height * plan.heightScale)];
  const cut = [plan.resultWidth, plan.resultHeight];
  const [w, h] = scaled.map((size, i) => (cut[i] === 0 ? size : Math.min(size, cut[i]!)));
  return [w!, h!];
}

describe('the size of a result', () => {
  it('rounds half away from zero, and paddings half to even', () => {
    assert.deepEqual(resultOf({ width: 1280 }, 2560, 1697), [1280, 849]);
    assert.deepEqual(scalePadding({ paddingTop: 11, paddingLeft: 11 }, 1.5), {
      top: 16,
      right: 0,
      bottom: 0,
      left: 16,
    });
  });

  it('is never larger than the source unless that is asked for, whatever the density', () => {
    assert.deepEqual(resultOf({ width: 400, dpr: 2 }), [640, 480]);
    assert.deepEqual(resultOf({ resizingType: 'fill', width: 100, height: 300, dpr: 2 }), [160, 480]);
    assert.deepEqual(resultOf({ width: 400, dpr: 2, enlarge: true }), [800, 600]);
  });

  it('scales paddings by the density that could be had', () => {
    const { dpr } = planSizes({ width: 640, dpr: 4 }, { width: 640, height: 480, vector: false }, 0);
    assert.equal(dpr, 1);
  });

  it('makes up for a density below 1 where the picture is too small already, but not when it is extended', () => {
    assert.deepEqual(resultOf({ resizingType: 'fill', width: 900, height: 900, dpr: 0.5 }), [600, 450]);
    const plan = planSizes(
      { resizingType: 'fill', width: 900, height: 900, dpr: 0.5, extend: true },
      { width: 640, height: 480, vector: false },
      0,
    );
    assert.equal(plan.dpr, 0.5);
    assert.deepEqual(resultOf({ dpr: 0.5 }), [320, 240]);
  });

  it('is zoomed without its paddings, and both sides fall back together', () => {
    assert.deepEqual(resultOf({ zoomWidth: 2, zoomHeight: 2 }), [640, 480]);
    assert.deepEqual(resultOf({ zoomWidth: 0.5, zoomHeight: 2 }), [160, 480]);
  });

  it('with a least width is scaled to that and then cut', () => {
    assert.deepEqual(resultOf({ width: 100, minWidth: 200 }), [100, 150]);
  });

  it('of fill-down keeps a ratio where it cannot keep a size', () => {
    assert.deepEqual(resultOf({ resizingType: 'fill-down', width: 900, height: 900 }), [480, 480]);
  });

  it('of force with 0 keeps that side', () => {
    assert.deepEqual(resultOf({ resizingType: 'force', height: 100 }), [640, 100]);
  });

  it('of auto fills what lies the same way, a square counting as landscape', () => {
    assert.deepEqual(resultOf({ resizingType: 'auto', width: 100, height: 100 }), [100, 100]);
    assert.deepEqual(resultOf({ resizingType: 'auto', width: 50, height: 100 }), [50, 38]);
  });

  it('is held to the longest side that is allowed', () => {
    const plan = planSizes({ width: 640 }, { width: 640, height: 480, vector: false }, 100);
    assert.deepEqual([plan.targetWidth, Math.round(640 * plan.widthScale)], [100, 100]);
  });

  it('of a crop by a share is at least a pixel', () => {
    const plan = planSizes(
      { cropWidth: 0.001, cropHeight: 0.001 },
      { width: 640, height: 480, vector: false },
      0,
    );
    assert.deepEqual([plan.cropWidth, plan.cropHeight], [1, 1]);
  });
});
