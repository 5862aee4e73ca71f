/**
 * What `/render/image/…` of Supabase Storage asks for, as options: whoever serves that address has decided who may, and asks
 * the image service with `imgUrl`. Pure. @see https://supabase.com/docs/guides/storage/serving/image-transformations
 */
import type { ImgOptions } from './url.ts';

const resizingTypes = { cover: 'fill', contain: 'fit', fill: 'force' } as const;
const formats = ['avif', 'webp', 'jpg', 'png'] as const;

/** A query that Supabase Storage refuses: status 400. */
export class RenderQueryError extends Error {
  override readonly name = 'RenderQueryError';
}

/**
 * @throws {RenderQueryError} naming the parameter and what it may be
 * @example renderOptions(new URLSearchParams('width=200&resize=contain')) // { resizingType: 'fit', width: 200 }
 */
export function renderOptions(query: URLSearchParams): ImgOptions {
  const width = readNumber(query, 'width', 1, 2500);
  const height = readNumber(query, 'height', 1, 2500);
  const quality = readNumber(query, 'quality', 20, 100);
  const resize = readWord(query, 'resize', Object.keys(resizingTypes) as (keyof typeof resizingTypes)[]);
  // `origin` keeps the source's format; without a word it is what the client takes.
  const format = readWord(query, 'format', ['origin', ...formats]);
  return {
    resizingType: resizingTypes[resize ?? 'cover'],
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(quality !== undefined && { quality }),
    ...(format !== undefined && format !== 'origin' && { format }),
  };
}

function readNumber(query: URLSearchParams, name: string, least: number, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new RenderQueryError(`${name} must be a whole number from ${least} to ${most}`);
}

function readWord<Word extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const found = words.find(word => word === text);
  if (found !== undefined) return found;
  throw new RenderQueryError(`${name} must be one of ${words.join(', ')}`);
}
