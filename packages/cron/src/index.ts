export { type CronEvent, countWaitingJobs, type SchedulerOptions, startScheduler } from './scheduler.ts';
