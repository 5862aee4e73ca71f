import { clearError, errorText } from './library.ts';

/** libvips could not do something: its own words. They are of all threads together, so they are for the log alone. */
export class VipsError extends Error {
  override readonly name = 'VipsError';
  /** The operation that failed. */
  readonly operation: string;

  constructor(operation: string) {
    super(`${operation}: ${errorText().trim().replaceAll('\n', '; ')}`);
    this.operation = operation;
    clearError();
  }
}
