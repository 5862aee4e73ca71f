export {
  type Act,
  CRON_TABLES,
  type CronTable,
  UnlistedError,
  type Value,
} from './act.ts';
export { Administrator, type Onlooker } from './administrator.ts';
export { HELD } from './extensions.ts';
export { LENT_LOADING, movingExtension } from './statement.ts';
