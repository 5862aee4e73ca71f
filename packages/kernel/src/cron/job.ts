/** What the tables of `cron.schedule` (database) and the scheduler that runs them (cron) have to agree on. Pure. */
import { type CronTimes, parseCron } from './times.ts';

/**
 * A clock that is found to be off by more than this was put right, and counts as it is now; by less, what was done stays done.
 * @see https://man7.org/linux/man-pages/man8/cron.8.html
 */
export const CLOCK_CORRECTION_MS = 3 * 60 * 60_000;

/** Tells the scheduler that jobs have changed. */
export const CRON_CHANNEL = 'peakstone_cron';

/** When a job is due, in pg_cron's words. */
export type JobSchedule =
  | { readonly kind: 'seconds'; readonly seconds: number }
  /** Once, when the scheduler starts. */
  | { readonly kind: 'reboot' }
  | { readonly kind: 'times'; readonly times: CronTimes };

/** At the start of the scheduler. */
export const CRON_REBOOT = '@reboot';
/** An interval, in lower case. It reads the same in JavaScript and in PostgreSQL. */
export const CRON_SECONDS = String.raw`^([1-9]|[1-5][0-9])\s+seconds?$`;

/**
 * What `parseCron` reads; `30 seconds`; or `@reboot`. Null when it is none.
 * @see https://github.com/citusdata/pg_cron#what-is-pg_cron
 */
export function parseJobSchedule(text: string): JobSchedule | null {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === CRON_REBOOT) return { kind: 'reboot' };
  const seconds = new RegExp(CRON_SECONDS).exec(trimmed);
  if (seconds) return { kind: 'seconds', seconds: Number(seconds[1]) };
  const times = parseCron(trimmed);
  return times && { kind: 'times', times };
}
