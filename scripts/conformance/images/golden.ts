/** imgproxy's own golden hashes, which its clone holds beside the names of its tests. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { detectFormat } from '../../../packages/images/src/detect.ts';
import { loadImage } from '../../../packages/images/src/engine/load.ts';
import type { EngineConfig } from '../../../packages/images/src/engine/types.ts';
import * as library from '../../../packages/images/src/engine/vips/library.ts';
import { images, readImagesConfig } from '../../../packages/images/src/index.ts';
import { type GoldenRequest, requestOf } from './goldenRequest.ts';
import { send } from './look.ts';

export interface GoldenResult {
  readonly name: string;
  /** Null: as recorded. */
  readonly failure: string | null;
}

interface Golden extends GoldenRequest {
  readonly name: string;
  readonly file: string;
}

/** Largest mean square error of perceptual hashes. */
const maxDistance = 0.5;
/** What libvips is distributed without. */
const lacking = /\/(?:jxl|heic)\//;

/** @param root imgproxy's test data with its pictures in their place */
export async function replayGolden(imgproxy: string, root: string): Promise<readonly GoldenResult[]> {
  const hashes = path.join(imgproxy, 'testdata/test-hashes');
  const goldens = globSync('**/*.hash', { cwd: hashes })
    .filter(name => !lacking.test(`/${name}`))
    .flatMap((name): Golden[] => {
      const request = requestOf(name);
      return request === null ? [] : [{ name, file: path.join(hashes, name), ...request }];
    });
  library.init('peakstone');
  const results: GoldenResult[] = [];
  for (const group of Map.groupBy(goldens, ({ settings }) => JSON.stringify(settings)).values()) {
    results.push(...(await replayGroup(group, root)));
  }
  return results;
}

/** Those that were asked of a server with the same settings. */
async function replayGroup(goldens: readonly Golden[], root: string): Promise<readonly GoldenResult[]> {
  const { watermark, ...settings } = goldens[0]!.settings;
  const config = readImagesConfig({
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: root,
    IMGPROXY_BIND: '127.0.0.1:0',
    IMGPROXY_MAX_ANIMATION_FRAMES: '999',
    IMGPROXY_ALLOW_SECURITY_OPTIONS: 'true',
    IMGPROXY_TIMEOUT: '120',
    ...settings,
    ...(watermark === undefined ? {} : { IMGPROXY_WATERMARK_PATH: path.join(root, watermark) }),
  });
  const service = await images.start(config, {}, new AbortController().signal);
  const results: GoldenResult[] = [];
  try {
    for (const golden of goldens) {
      const failure = await tryGolden(golden, `http://127.0.0.1:${service.port}`, config.engine);
      results.push({ name: golden.name, failure });
    }
  } finally {
    await service.stop();
  }
  return results;
}

async function tryGolden(
  { file, url, name }: Golden,
  base: string,
  config: EngineConfig,
): Promise<string | null> {
  const { status, body } = await send(base, { id: name, group: 'golden', profile: '', path: url });
  if (status !== 200) return `${status} ${body.toString()} for ${url}`;
  const recorded = readFileSync(file);
  if (recorded[0] === 0) {
    const same = createHash('sha256')
      .update(await rgba(body, config))
      .digest()
      .equals(recorded.subarray(1, 33));
    return same ? null : `other pixels for ${url}`;
  }
  const theirs = new Float32Array(
    recorded.buffer.slice(recorded.byteOffset + 3, recorded.byteOffset + recorded.length),
  );
  const ours = await perceptual(body, config);
  const distance = meanSquare(ours, theirs);
  return distance <= maxDistance ? null : `a distance of ${distance.toFixed(2)} for ${url}`;
}

async function rgba(body: Buffer, config: EngineConfig): Promise<Buffer> {
  using image = await load(body, config);
  image.apply('colourspace', { space: { int: 22 } });
  if (!image.hasAlpha) image.apply('addalpha');
  return await image.pixels();
}

async function load(body: Buffer, config: EngineConfig) {
  const format = detectFormat(body, '', '');
  if (format === undefined) throw new Error('The answer is no picture.');
  return await loadImage({ format, data: body }, { maxPixels: Number.POSITIVE_INFINITY }, config);
}

const side = 64;
const coefficients = 8;
const space = { bw: 1, grey16: 26, scrgb: 28, lab: 13 } as const;

/** The first coefficients of a cosine transform of the small picture in Lab, on magenta. */
async function perceptual(body: Buffer, config: EngineConfig): Promise<Float32Array> {
  using image = await load(body, config);
  const grey = image.guessedInterpretation === space.bw || image.guessedInterpretation === space.grey16;
  image.apply('colourspace', { space: { int: space.scrgb } });
  image.apply('resize', {
    scale: { double: Math.min(side / image.width, 1) },
    vscale: { double: Math.min(side / image.height, 1) },
  });
  if (image.hasAlpha) image.apply('flatten', { background: { doubles: [1, 0, 1] } });
  image.apply('colourspace', { space: { int: space.lab } });
  if (grey) image.apply('extract_band', { band: { int: 0 } });
  const { width, height, bands } = image;
  const bytes = await image.pixels();
  const pixels = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return transform(pixels, width, height, bands);
}

function transform(pixels: Float32Array, width: number, height: number, bands: number): Float32Array {
  const cosines = (size: number): number[][] =>
    Array.from({ length: coefficients }, (_, u) =>
      Array.from({ length: size }, (__, x) => Math.cos(((2 * x + 1) * u * Math.PI) / (2 * size))),
    );
  const [across, down] = [cosines(width), cosines(height)];
  const alpha = (u: number, size: number): number => (u === 0 ? 1 / Math.sqrt(size) : Math.sqrt(2 / size));
  const result = new Float32Array(bands * coefficients * coefficients);
  for (let c = 0; c < bands; c++)
    for (let v = 0; v < coefficients; v++)
      for (let u = 0; u < coefficients; u++) {
        let sum = 0;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            sum += pixels[(y * width + x) * bands + c]! * across[u]![x]! * down[v]![y]!;
        result[(c * coefficients + v) * coefficients + u] = alpha(u, width) * alpha(v, height) * sum;
      }
  return result;
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}
