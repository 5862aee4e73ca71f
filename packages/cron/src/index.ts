export { type CronEvent, type SchedulerOptions, startScheduler } from './scheduler.ts';
