/** Times as cron says them, in UTC. Pure. */

export interface Cron {
  readonly text: string;
  /** The last such minute at or before `now`. */
  previous(now: Date): Date;
  /** The first such minute after `now`. */
  next(now: Date): Date;
}

const words: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 1 * * *',
  weekly: '0 1 * * 0',
  monthly: '0 1 1 * *',
};

const fields = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12 },
  // 7 is Sunday as well.
  { min: 0, max: 7 },
] as const;

const minuteMs = 60_000;
/** The 29th of February comes at least once in so many days. */
const maxDays = 366 * 8 + 2;

/** Five fields with `*`, lists, ranges and steps, or a word for them; undefined when it is neither, or never comes. */
export function parseCron(text: string): Cron | undefined {
  const parts = (words[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  if (parts.length !== fields.length) return undefined;
  const sets = parts.map((part, at) => parseField(part, fields[at]!.min, fields[at]!.max));
  if (sets.some(set => set === undefined)) return undefined;
  const [minutes, hours, days, months, weekdays] = sets as Set<number>[];
  if (weekdays!.has(7)) weekdays!.add(0);
  // As in cron: where both are restricted, either suffices.
  const either = !parts[2]!.startsWith('*') && !parts[4]!.startsWith('*');
  const isDay = (day: Date): boolean => {
    const byDay = days!.has(day.getUTCDate());
    const byWeekday = weekdays!.has(day.getUTCDay());
    return months!.has(day.getUTCMonth() + 1) && (either ? byDay || byWeekday : byDay && byWeekday);
  };
  const find = (from: Date, step: 1 | -1): Date | undefined => {
    const day = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()));
    for (let count = 0; count < maxDays; count++, day.setUTCDate(day.getUTCDate() + step)) {
      if (!isDay(day)) continue;
      const times = [...hours!].flatMap(hour =>
        [...minutes!].map(minute => day.getTime() + (hour * 60 + minute) * minuteMs),
      );
      const fits = times.filter(time => (step > 0 ? time > from.getTime() : time <= from.getTime()));
      if (fits.length > 0) return new Date(step > 0 ? Math.min(...fits) : Math.max(...fits));
    }
    return undefined;
  };
  if (!find(new Date(0), 1)) return undefined;
  return { text, previous: now => find(now, -1)!, next: now => find(now, 1)! };
}

function parseField(text: string, min: number, max: number): Set<number> | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (!match) return undefined;
    const step = match[3] === undefined ? 1 : Number(match[3]);
    const from = match[1] === undefined ? min : Number(match[1]);
    const single = match[1] !== undefined && match[2] === undefined && match[3] === undefined;
    const to = match[2] === undefined ? (single ? from : max) : Number(match[2]);
    if (step < 1 || from < min || to > max || from > to) return undefined;
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return found;
}
