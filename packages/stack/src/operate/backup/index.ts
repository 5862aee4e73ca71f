/** Backups of a stack, for the commands. */
export {
  type Backup,
  BackupError,
  type BackupEvent,
  parseTarget,
  type TestResult,
  type Verification,
} from '@peakstone/backup';
export { describeBackupEvent, megabytes } from '../../services/backup/describe.ts';
export { runBackups } from '../../services/backup/standalone.ts';
export { createStackBackup } from './create.ts';
export { type BackupList, listStackBackups, verifyStackBackups } from './list.ts';
export type { CreateRequest, RestoreRequest } from './request.ts';
export {
  planReplacement,
  type RestoreReport,
  restoreInPlace,
  restoreInto,
  testStackBackup,
} from './restore.ts';
export { type ScheduleReport, scheduleStackBackups } from './schedule.ts';
export { type TakeoverReport, takeOverBackups } from './takeover.ts';
export { describeKnown, type KnownCluster } from './vaults.ts';
