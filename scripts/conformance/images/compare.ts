/** One answer beside the recorded one. Pure. */
import type { Ask, Seen } from './look.ts';

export type Look = 'exact' | 'near' | 'far';

export interface Verdict {
  /** Of the pixels; null where there are none. */
  readonly look: Look | null;
  /** Kinds of difference with their words. */
  readonly faults: readonly (readonly [kind: Fault, words: string])[];
}

export const faultKinds = ['status', 'format', 'size', 'meta', 'header', 'text', 'svg'] as const;
export type Fault = (typeof faultKinds)[number];

/** Mean difference of a channel on the thumbprint that nobody sees. */
const nearMean = 2;

const headerNames = [
  'content-type',
  'content-disposition',
  'cache-control',
  'content-security-policy',
  'vary',
  'link',
  'etag',
  'last-modified',
  'accept-ranges',
  'content-range',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'x-origin-width',
  'x-origin-height',
  'x-result-width',
  'x-result-height',
  'x-origin-content-length',
];

export function compare(ask: Ask, ours: Seen, theirs: Seen): Verdict {
  const faults: (readonly [Fault, string])[] = [];
  const check = (kind: Fault, name: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a ?? null) !== JSON.stringify(b ?? null))
      faults.push([kind, `${name} ${show(a)} / ${show(b)}`]);
  };
  check('status', '', ours.status, theirs.status);
  check('format', '', ours.format, theirs.format);
  if (ours.format !== undefined && theirs.format !== undefined) {
    if (ours.width !== undefined && theirs.width !== undefined) {
      check('size', '', `${ours.width}x${ours.height}`, `${theirs.width}x${theirs.height}`);
      for (const key of ['pages', 'alpha', 'depth', 'space', 'loop', 'delay'] as const)
        check('meta', key, ours[key], theirs[key]);
      check('meta', 'icc', Boolean(ours.icc), Boolean(theirs.icc));
      check('meta', 'orientation', ours.orientation ?? 1, theirs.orientation ?? 1);
      // libvips writes a small EXIF of its own: as good as none.
      check('meta', 'exif', (ours.exif ?? 0) > 200, (theirs.exif ?? 0) > 200);
    }
    check('svg', '', ours.svg, theirs.svg);
  } else {
    check('text', '', firstLine(ours.text), firstLine(theirs.text));
  }
  for (const name of headerNames) {
    const [a, b] = [ours.h[name], theirs.h[name]];
    if (ask.live && name === 'cache-control' && a && b) continue;
    // Of files these follow the file's time.
    if ((name === 'etag' || name === 'last-modified') && a && b && !ask.path.includes('/etag/')) continue;
    check('header', name, a, b);
  }
  return { look: lookOf(ours, theirs), faults };
}

function lookOf(ours: Seen, theirs: Seen): Look | null {
  if (ours.thumb === undefined || theirs.thumb === undefined) return null;
  if (ours.pix === theirs.pix) return 'exact';
  return meanDifference(Buffer.from(ours.thumb, 'base64'), Buffer.from(theirs.thumb, 'base64')) <= nearMean
    ? 'near'
    : 'far';
}

function meanDifference(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}

const firstLine = (text: string | undefined): string => (text ?? '').split('\n')[0] ?? '';
const show = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')).slice(0, 100);
