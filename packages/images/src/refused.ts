/** What of a URL is refused although it can be read: formats that nobody writes, and sources that are not allowed. */
import { ImagesError } from './errors.ts';
import { savable } from './formats.ts';
import type { Options } from './options/types.ts';
import { hasDotSegments } from './source/objects.ts';

/** @throws {ImagesError} `format` */
export function assertSavable(format: Options['format']): void {
  if (format !== undefined && format !== 'svg' && !savable.has(format)) {
    throw new ImagesError('format', `Resulting image format is not supported: ${format}`);
  }
}

/** @throws {ImagesError} `sourceUrl`: it begins with none of the prefixes, or leads out of them again */
export function assertAllowed(url: string, allowed: readonly RegExp[]): void {
  if (allowed.length === 0) return;
  const [path = ''] = url.split(/[?#]/, 1);
  if (hasDotSegments(path) || !allowed.some(pattern => pattern.test(url))) {
    throw new ImagesError('sourceUrl', `Source URL is not allowed: ${url}`);
  }
}
