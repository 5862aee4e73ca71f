import { type CronEvent, startScheduler } from '@peakstone/cron';
import type { RunContext, RunningService } from '../local.ts';

export async function start({ facts, log }: RunContext, _signal: AbortSignal): Promise<RunningService> {
  const url = facts.databaseMigratorUrl;
  if (!url) return { health: async () => ({ ok: true }), stop: async () => undefined };
  const onEvent = (event: CronEvent): void => log.write(`${describeEvent(event)}\n`);
  return await startScheduler({ url, onEvent });
}

function describeEvent(event: CronEvent): string {
  switch (event.kind) {
    case 'jobs':
      return `${event.count} active ${event.count === 1 ? 'job' : 'jobs'}`;
    case 'failed':
      return `job ${event.jobid} failed: ${event.reason}`;
    case 'unreadable':
      return `job ${event.jobid} never runs: '${event.schedule}' is no schedule`;
    case 'lost':
      return `the database is not reached: ${event.reason}`;
  }
}
