import { clearError, errorText } from './library.ts';

/** libvips could not do something: its own words. They are of all threads together, so they are for the log alone. */
export class VipsError extends Error {
  override readonly name = 'VipsError';
  /** Whether it says that the file is at fault, by the words of its decoders. */
  readonly blamesFile: boolean;

  constructor(operation: string) {
    const text = errorText().trim();
    super(`${operation}: ${text.replaceAll('\n', '; ')}`);
    this.blamesFile = /^(?:\S+load_(?:buffer|source): |\S+2vips: |VipsJpeg: )|XML parse error: /.test(text);
    clearError();
  }
}
