/**
 * imgproxy's own golden hashes: the names of its recorded tests say what was asked, and its clone holds the hashes. What a
 * name does not say, such as a setting of one test, is not replayed.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { detectFormat } from '../../../packages/images/src/detect.ts';
import { loadImage } from '../../../packages/images/src/engine/load.ts';
import type { EngineConfig } from '../../../packages/images/src/engine/types.ts';
import * as library from '../../../packages/images/src/engine/vips/library.ts';
import { images, readImagesConfig } from '../../../packages/images/src/index.ts';
import { send } from './look.ts';

export interface GoldenResult {
  readonly name: string;
  /** Null: as recorded. */
  readonly failure: string | null;
}

interface Golden {
  readonly name: string;
  readonly file: string;
  readonly url: string;
}

/** Largest mean square error of perceptual hashes. */
const maxDistance = 0.5;
/** What libvips is distributed without. */
const lacking = /\/(?:jxl|heic)\//;

export async function replayGolden(imgproxy: string, pictures: string): Promise<readonly GoldenResult[]> {
  const hashes = path.join(imgproxy, 'testdata/test-hashes');
  const goldens = globSync('**/*.hash', { cwd: hashes })
    .filter(name => !lacking.test(`/${name}`))
    .flatMap((name): Golden[] => {
      const url = urlOf(name);
      return url === null ? [] : [{ name, url, file: path.join(hashes, name) }];
    });
  const root = mkdtempSync(path.join(tmpdir(), 'peakstone-golden-'));
  for (const name of readdirSync(path.join(imgproxy, 'testdata'))) {
    if (name !== 'test-images') symlinkSync(path.join(imgproxy, 'testdata', name), path.join(root, name));
  }
  symlinkSync(pictures, path.join(root, 'test-images'));
  const config = readImagesConfig({
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: root,
    IMGPROXY_BIND: '127.0.0.1:0',
    IMGPROXY_MAX_ANIMATION_FRAMES: '999',
    IMGPROXY_ALLOW_SECURITY_OPTIONS: 'true',
    IMGPROXY_TIMEOUT: '120',
  });
  library.init('peakstone');
  const service = await images.start(config, {}, new AbortController().signal);
  const results: GoldenResult[] = [];
  try {
    for (const golden of goldens) {
      const failure = await tryGolden(golden, `http://127.0.0.1:${service.port}`, config.engine);
      results.push({ name: golden.name, failure });
    }
  } finally {
    await service.stop();
    rmSync(root, { recursive: true });
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

const geometry = 'geometry.png';
const at = (options: string, source: string): string => `/unsafe/${options}/plain/local:///${source}`;

/** What a test asked, by its name; null when the name does not say all. Pure. */
export function urlOf(name: string): string | null {
  const [suite = '', test = '', ...rest] = name.replace(/\/test\.hash$|\.hash$/, '').split('/');
  const label = rest.join('/');
  switch (suite) {
    case 'TestMatrix': {
      const [source = '', target = '', file = ''] = rest;
      const folder = { jpeg: 'jpg', heic: 'heif' }[source] ?? source;
      return `/unsafe/plain/local:///test-images/${folder}/${file}@${target}`;
    }
    case 'TestRotateAndFlip':
      return turned(label);
    case 'TestProcessing':
      return sized(test, label);
    case 'TestCrop':
    case 'TestExtend':
      return placed(label);
    case 'TestPadding': {
      const [, dpr, sides] = /^dpr_([\d.]+)_pad_([\d_]+)$/.exec(label) ?? [];
      return at(`dpr:${dpr}/padding:${sides?.replaceAll('_', ':')}/background:f00/enlarge:1`, geometry);
    }
    case 'TestApplyFilters': {
      const value = (filter: string): string => new RegExp(`${filter}_([\\d.]+)`).exec(label)?.[1] ?? '0';
      return at(
        `blur:${value('blur')}/sharpen:${value('sharpen')}/pixelate:${value('pixelate')}`,
        'test-images/png/png.png',
      );
    }
    case 'TestTrim':
      return trimmed(test, label);
    default:
      return null;
  }
}

function turned(label: string): string | null {
  const match = /^img-(\d)_rotate-(\d+)_flip-(true|false)_(true|false)_ar-(true|false)$/.exec(label);
  if (match === null) return null;
  const [, picture, angle, horizontal, vertical, auto] = match;
  const flip = `flip:${horizontal === 'true' ? 1 : 0}:${vertical === 'true' ? 1 : 0}`;
  return at(`rotate:${angle}/${flip}/auto_rotate:${auto === 'true' ? 1 : 0}`, `orientation-${picture}.png`);
}

function sized(test: string, label: string): string | null {
  const limited = /^([a-z-]+):(\d+)x(\d+)(.*)$/.exec(label);
  if (limited !== null) {
    const [, type, width, height, more = ''] = limited;
    const limit = /:limit:(\d+)/.exec(more)?.[1] ?? '0';
    const rotate = /_rotate:(\d+)/.exec(more)?.[1] ?? '0';
    const padding = /_padding:([\dx]+)/.exec(more)?.[1]?.replaceAll('x', ':');
    const flags = [
      ...(more.includes('_en:true') ? ['enlarge:1'] : []),
      ...(more.includes('_ex:true') ? ['extend:1'] : []),
      ...(more.includes('_exAR:true') ? ['extend_aspect_ratio:1'] : []),
      `rotate:${rotate}`,
      ...(padding === undefined ? [] : [`padding:${padding}`]),
    ];
    return at(
      [`max_result_dimension:${limit}`, `resize:${type}:${width}:${height}`, ...flags].join('/'),
      geometry,
    );
  }
  const [, size] = /^(\d+x\d+)$/.exec(label) ?? [];
  const [, kind, more] = /^TestResizeTo(FillDown|Fill|Fit)(|Enlarge|Extend|ExtendAR)$/.exec(test) ?? [];
  if (size === undefined || kind === undefined) return null;
  const type = { FillDown: 'fill-down', Fill: 'fill', Fit: 'fit' }[kind];
  const extra =
    { Enlarge: '/enlarge:1', Extend: '/extend:1', ExtendAR: '/extend_aspect_ratio:1' }[more ?? ''] ?? '';
  return at(`resize:${type}:${size.replace('x', ':')}${extra}`, geometry);
}

function placed(label: string): string | null {
  const offset = /_offset_(-?[\d.]+)_(-?[\d.]+)/.exec(label);
  // An offset of 0 was not written.
  const number = (text: string | undefined): string => (Number(text ?? 0) === 0 ? '' : String(Number(text)));
  const offsets = offset === null ? '' : `:${number(offset[1])}:${number(offset[2])}`;
  const dpr = /_dpr_([\d.]+)/.exec(label)?.[1];
  const density = dpr === undefined ? '' : `/dpr:${dpr}`;
  const [, kind, width, height] = /^(resizeFill|extend|extendAr)_(\d+)x(\d+)/.exec(label) ?? [];
  const gravity = /_gravity_([a-z]+)/.exec(label)?.[1];
  if (kind === 'resizeFill') {
    return at(
      `rs:fill:${width}:${height}${gravity === undefined ? '' : `/g:${gravity}${offsets}`}${density}`,
      geometry,
    );
  }
  if (kind !== undefined) {
    const name = kind === 'extend' ? 'extend' : 'extend_aspect_ratio';
    const place = gravity === undefined ? '' : `:${gravity}${offsets}`;
    return at(`width:${width}/height:${height}/${name}:1${place}${density}`, geometry);
  }
  return null;
}

function trimmed(test: string, label: string): string | null {
  const source = { TestThreshold: 'trim1.png', TestColor: 'trim2.png', TestAlpha: 'trim3.png' }[test];
  const [, threshold, color = ''] = /^trim_threshold_(\d+)(?:_color_#([0-9a-f]+))?/.exec(label) ?? [];
  if (source === undefined || threshold === undefined) return null;
  const equal = `${label.includes('_equalHor') ? 1 : ''}:${label.includes('_equalVer') ? 1 : ''}`;
  return at(`trim:${threshold}:${color}:${equal}`, source);
}
