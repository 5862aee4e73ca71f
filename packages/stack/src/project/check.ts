/** A finding of `peakstone doctor`, good or bad. */
export interface Check {
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was looked at, in two or three words. */
  readonly title: string;
  /** What was found. */
  readonly found: string;
  /** What to do about it; only where there is something. */
  readonly todo?: string;
  /** The statement that mends it, where one does. */
  readonly sql?: string;
}

export function ok(title: string, found: string): Check {
  return { level: 'ok', title, found };
}

export function warn(title: string, found: string, todo: string): Check {
  return { level: 'warn', title, found, todo };
}

export function fail(title: string, found: string, todo: string): Check {
  return { level: 'fail', title, found, todo };
}
