/** What is to be done to a database, decided from a folder and a history. Pure. */
export { type DownStep, planDown } from './down.ts';
export { findDrift } from './drift.ts';
export {
  asideNotes,
  type Diagnostic,
  inspectFiles,
  inspectFolder,
  inspectNames,
  type PlannedFile,
  planFile,
} from './inspect.ts';
export {
  compareVersions,
  type ExecOrder,
  execOrders,
  outOfOrderError,
  type Pending,
  type PendingRequest,
  planPending,
} from './pending.ts';
export { planSet, type SetPlan } from './set.ts';
export { type MigrationStatus, planStatus } from './status.ts';
export { type TxMode, txModeOf, txModes } from './txMode.ts';
