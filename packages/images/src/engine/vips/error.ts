import { clearError, errorText } from './library.ts';

/** libvips could not do something: its own words. They are of all threads together, so they are for the log alone. */
export class VipsError extends Error {
  override readonly name = 'VipsError';
  constructor(operation: string) {
    const text = errorText().trim();
    super(`${operation}: ${text.replaceAll('\n', '; ')}`);
    clearError();
  }
}
