/** When backups are made: cron's five fields in UTC, or a word for them. Pure. */
import { nextTime, parseCron as parseTimes, previousTime } from '@peakstone/kernel/cron';

export interface Cron {
  readonly text: string;
  /** The last such minute at or before `now`. */
  previous(now: Date): Date;
  /** The first such minute after `now`. */
  next(now: Date): Date;
}

/** At one in the morning, when few are awake. */
const words: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 1 * * *',
  weekly: '0 1 * * 0',
  monthly: '0 1 1 * *',
};

/** Undefined when it is no schedule, or never comes. */
export function parseCron(text: string): Cron | undefined {
  const times = parseTimes(words[text.trim().toLowerCase()] ?? text);
  // Every eight years have the same days, near enough: what comes once comes before and after any moment.
  if (times === null || nextTime(times, new Date(0)) === null) return undefined;
  return { text, previous: now => previousTime(times, now)!, next: now => nextTime(times, now)! };
}
