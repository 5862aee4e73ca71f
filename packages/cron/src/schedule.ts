/** When a job is due, in pg_cron's words. */
export type Schedule =
  | { readonly kind: 'seconds'; readonly seconds: number }
  /** Once, when the scheduler starts. */
  | { readonly kind: 'reboot' }
  | {
      readonly kind: 'fields';
      readonly minutes: ReadonlySet<number>;
      readonly hours: ReadonlySet<number>;
      readonly daysOfMonth: ReadonlySet<number>;
      readonly months: ReadonlySet<number>;
      readonly daysOfWeek: ReadonlySet<number>;
      /** `$`: the last day of whatever month. */
      readonly lastDay: boolean;
      /** Neither of the days is `*`: either one is enough, as in every cron. */
      readonly eitherDay: boolean;
    };

const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Five fields in GMT, with lists, ranges, steps, names and `$`; `30 seconds`; or a shorthand. Null when it is none. Pure.
 * @see https://github.com/citusdata/pg_cron#what-is-pg_cron
 * @example isDue(parseSchedule('0 3 * * mon')!, new Date('2026-01-05T03:00:00Z')) // true
 */
export function parseSchedule(text: string): Schedule | null {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '@reboot') return { kind: 'reboot' };
  const seconds = /^([1-9]|[1-5]\d)\s+seconds?$/.exec(trimmed);
  if (seconds) return { kind: 'seconds', seconds: Number(seconds[1]) };
  const fields = (SHORTHANDS[trimmed] ?? trimmed).split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const lastDay = day === '$';
  const minutes = parseField(minute, 0, 59);
  const hours = parseField(hour, 0, 23);
  const daysOfMonth = lastDay ? new Set<number>() : parseField(day, 1, 31);
  const months = parseField(month, 1, 12, MONTHS, 1);
  const daysOfWeek = parseField(weekday, 0, 7, DAYS, 0);
  if (!minutes || !hours || !daysOfMonth || !months || !daysOfWeek) return null;
  // Sunday is 0 and 7.
  if (daysOfWeek.has(7)) daysOfWeek.add(0);
  return {
    kind: 'fields',
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek,
    lastDay,
    eitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
  };
}

function parseField(
  text: string,
  low: number,
  high: number,
  names: readonly string[] = [],
  firstName = 0,
): Set<number> | null {
  const values = new Set<number>();
  const number = (word: string): number | null => {
    if (/^\d+$/.test(word)) return Number(word);
    const named = names.indexOf(word);
    return named < 0 ? null : named + firstName;
  };
  for (const part of text.split(',')) {
    const match = /^(\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) return null;
    const [, whole, first, last, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const from = whole === '*' ? low : number(first!);
    const to =
      whole === '*' ? high : last === undefined ? (stepText === undefined ? from : high) : number(last);
    if (from === null || to === null || from < low || to > high || from > to || step < 1) return null;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

/** Whether a job with five fields is due in the minute that begins at `at`. Pure. */
export function isDue(schedule: Schedule, at: Date): boolean {
  if (schedule.kind !== 'fields') return false;
  const { minutes, hours, daysOfMonth, months, daysOfWeek, lastDay, eitherDay } = schedule;
  if (!minutes.has(at.getUTCMinutes()) || !hours.has(at.getUTCHours())) return false;
  if (!months.has(at.getUTCMonth() + 1)) return false;
  const isLast =
    new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1)).getUTCDate() === 1;
  const ofMonth = daysOfMonth.has(at.getUTCDate()) || (lastDay && isLast);
  const ofWeek = daysOfWeek.has(at.getUTCDay());
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}
