export { CRON_FIELDS, CRON_PART, CRON_SHORTHANDS, type CronField } from './fields.ts';
export {
  CLOCK_CORRECTION_MS,
  CRON_CHANNEL,
  CRON_REBOOT,
  CRON_SECONDS,
  type JobSchedule,
  parseJobSchedule,
} from './job.ts';
export { type CronTimes, isDue, nextTime, parseCron, previousTime } from './times.ts';
