import { countWaitingJobs } from '@peakstone/cron';
import type { Facts } from '../local.ts';

/** Jobs that are stored, and that nobody runs. */
export async function missedJobs({ databaseMigratorUrl: url }: Facts): Promise<string | null> {
  const count = url === undefined ? 0 : await countWaitingJobs(url);
  if (count === 0) return null;
  return count === 1
    ? '1 active job is in cron.job, which nothing runs'
    : `${count} active jobs are in cron.job, which nothing runs`;
}
