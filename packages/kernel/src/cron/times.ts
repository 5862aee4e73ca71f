/** Times as cron says them, in UTC. Pure. */
import { CRON_FIELDS, CRON_SHORTHANDS, parseCronField } from './fields.ts';

export interface CronTimes {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** `$`: the last day of whatever month. */
  readonly lastDay: boolean;
  /** Neither of the days is `*`: either one is enough, as in every cron. */
  readonly eitherDay: boolean;
}

/**
 * Five fields with `*`, lists, ranges, steps, names and `$`, or a shorthand for them (`@daily`). Null when it is neither.
 * @example isDue(parseCron('0 3 * * mon')!, new Date('2026-01-05T03:00:00Z')) // true
 */
export function parseCron(text: string): CronTimes | null {
  const trimmed = text.trim().toLowerCase();
  const parts = (CRON_SHORTHANDS[trimmed] ?? trimmed).split(/\s+/);
  if (parts.length !== CRON_FIELDS.length) return null;
  const isLast = CRON_FIELDS.map(({ hasLast }, at) => hasLast && parts[at] === '$');
  const sets = CRON_FIELDS.map((field, at) =>
    isLast[at] ? new Set<number>() : parseCronField(parts[at]!, field),
  );
  if (!sets.every(set => set !== null)) return null;
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  // Sunday is 0 and 7.
  if (daysOfWeek.has(7)) daysOfWeek.add(0);
  return {
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek,
    lastDay: isLast.includes(true),
    eitherDay: !parts[2]!.startsWith('*') && !parts[4]!.startsWith('*'),
  };
}

/** Whether the minute that `at` is in is one of them. */
export function isDue(times: CronTimes, at: Date): boolean {
  return times.minutes.has(at.getUTCMinutes()) && times.hours.has(at.getUTCHours()) && isDay(times, at);
}

/** The first such minute after `now`; null when none ever comes (the 31st of February). */
export function nextTime(times: CronTimes, now: Date): Date | null {
  return find(times, now, 1);
}

/** The last such minute at or before `now`; null when there was none. */
export function previousTime(times: CronTimes, now: Date): Date | null {
  return find(times, now, -1);
}

const minuteMs = 60_000;
/** The 29th of February comes at least once in eight years; on a given day of the week, either is enough. */
const maxDays = 366 * 8 + 2;

function find(times: CronTimes, from: Date, step: 1 | -1): Date | null {
  const day = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()));
  for (let count = 0; count < maxDays; count++, day.setUTCDate(day.getUTCDate() + step)) {
    if (!isDay(times, day)) continue;
    const fits = [...times.hours]
      .flatMap(hour => [...times.minutes].map(minute => day.getTime() + (hour * 60 + minute) * minuteMs))
      .filter(time => (step > 0 ? time > from.getTime() : time <= from.getTime()));
    if (fits.length > 0) return new Date(step > 0 ? Math.min(...fits) : Math.max(...fits));
  }
  return null;
}

function isDay({ months, daysOfMonth, daysOfWeek, lastDay, eitherDay }: CronTimes, day: Date): boolean {
  if (!months.has(day.getUTCMonth() + 1)) return false;
  const tomorrow = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 1));
  const ofMonth = daysOfMonth.has(day.getUTCDate()) || (lastDay && tomorrow.getUTCDate() === 1);
  const ofWeek = daysOfWeek.has(day.getUTCDay());
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}
