/** Durations as Go writes and reads them, which is how Atlas' options and reports have them. */

const units = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds; null when it is none. Pure. @example parseDuration('1m30s') // 90000 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return null;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
  return [...parts].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  );
}

/** Pure. @example formatDuration(90_500) // '1m30.5s' */
export function formatDuration(ms: number): string {
  if (ms < 1000) return ms < 1 ? `${trim(ms * 1000)}µs` : `${trim(ms)}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${trim((ms - minutes * 60_000) / 1000)}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

function trim(value: number): string {
  return String(Number(value.toFixed(3)));
}
