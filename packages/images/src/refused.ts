/** Formats that are refused although they can be read in a URL: nobody writes them. */
import { ImagesError } from './errors.ts';
import { savable } from './formats.ts';
import type { Options } from './options/types.ts';

/** @throws {ImagesError} `format` */
export function assertSavable(format: Options['format']): void {
  if (format !== undefined && format !== 'svg' && !savable.has(format)) {
    throw new ImagesError('format', `Resulting image format is not supported: ${format}`);
  }
}
