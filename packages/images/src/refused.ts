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
  if (isAmbiguous(url) || !allowed.some(pattern => pattern.test(url))) {
    throw new ImagesError('sourceUrl', `Source URL is not allowed: ${url}`);
  }
}

/**
 * Whether who fetches it could read it otherwise than the patterns do: they look at the text, in which a parser of the web drops
 * tabs and line ends, takes a backslash for a slash, ends a host at any of `?#`, and goes up by dot segments; a store's keys end
 * at none of these.
 */
function isAmbiguous(url: string): boolean {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url) ?? ['', '', url];
  if (/[\x00-\x1f\x7f\\]/.test(url)) return true;
  if (!/^https?$/i.test(scheme)) return hasDotSegments(rest);
  const [host = ''] = rest.split('/', 1);
  const [path = ''] = rest.split(/[?#]/, 1);
  return /[?#]/.test(host) || hasDotSegments(path);
}
