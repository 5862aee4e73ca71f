/** How a picture is to be made, as Supabase's queries say it and as the image service takes it. Pure. */
import type { Shape } from './body.ts';
import { malformed, StorageError } from './errors.ts';

const gravities = ['no', 'so', 'ea', 'we', 'noea', 'nowe', 'soea', 'sowe', 'ce', 'sm', 'fp'];

export const transformationFields: Shape = {
  height: { kind: 'integer', least: 0 },
  width: { kind: 'integer', least: 0 },
  resize: { kind: 'string', oneOf: ['cover', 'contain', 'fill'] },
  format: { kind: 'string', oneOf: ['origin', 'avif', 'webp'] },
  quality: { kind: 'integer', least: 20 },
  gravity: { kind: 'string', oneOf: gravities },
  x_offset: { kind: 'number' },
  y_offset: { kind: 'number' },
};

type Transform = Readonly<Record<string, unknown>>;

const maxSide = 2500;
const maxQuality = 100;
const resizing: Readonly<Record<string, string>> = { cover: 'fill', contain: 'fit', fill: 'force' };

/** As a token keeps it: `width:100,resize:cover`; empty for nothing. */
export function writeTransformations(transform: Transform): string {
  return Object.keys(transformationFields)
    .filter(name => transform[name] !== undefined)
    .map(name => `${name}:${String(transform[name])}`)
    .join(',');
}

/** What {@link writeTransformations} wrote. */
export function readTransformations(text: string): Record<string, string> {
  const entries = text.split(',').map(each => each.split(':', 2) as [string, string]);
  return Object.fromEntries(entries.filter(([name]) => name in transformationFields));
}

/** The options of the image service, one each. @throws {StorageError} InvalidRequest, InvalidParameter */
export function imageOptions(transform: Transform): string[] {
  const { height, width, resize, quality, format, gravity } = transform as {
    height?: number;
    width?: number;
    resize?: string;
    quality?: number;
    format?: string;
    gravity?: string;
  };
  if ((quality ?? 0) > maxQuality) throw malformed(`querystring/quality must be <= ${maxQuality}`);
  const options: string[] = [];
  if (height) options.push(`height:${Math.min(height, maxSide)}`);
  if (width) options.push(`width:${Math.min(width, maxSide)}`);
  if (width || height) options.push(`resizing_type:${resizing[resize ?? 'cover']}`);
  if (quality !== undefined) options.push(`quality:${quality}`);
  if (format !== undefined && format !== 'origin') options.push(`format:${format}`);
  if (gravity !== undefined) options.push(gravityOption(gravity, transform));
  return options;
}

function gravityOption(gravity: string, transform: Transform): string {
  const [x, y] = [transform.x_offset, transform.y_offset] as (number | undefined)[];
  if (gravity === 'sm') return 'gravity:sm';
  if (gravity === 'fp') {
    const isShare = (value: number | undefined): boolean => value !== undefined && value >= 0 && value <= 1;
    if (!isShare(x) || !isShare(y))
      throw new StorageError('InvalidParameter', 'Focal point requires x and y coordinates within 0-1 range');
    return `gravity:fp:${x}:${y}`;
  }
  return x === undefined && y === undefined ? `gravity:${gravity}` : `gravity:${gravity}:${x ?? 0}:${y ?? 0}`;
}
