export { type Backup, type BackupKind, listBackups, needingEarlierKey } from './catalog/backups.ts';
export {
  away,
  type Claim,
  claimVault,
  isAway,
  readClaim,
  type Writer,
  type WrittenPlaces,
} from './catalog/claims.ts';
export { describeLeap, readWitness } from './catalog/clock.ts';
export { describeStep } from './catalog/clockSteps.ts';
export { describeFailedTest, readLastTest, type TestResult } from './catalog/tests.ts';
export {
  type BackupConfig,
  backupSlot,
  hasBackups,
  needsKey,
  readBackupConfig,
} from './config.ts';
export { type CreateOptions, createBackup } from './create.ts';
export { BackupError, type BackupErrorCode } from './errors.ts';
export type { BackupEvent, OnBackupEvent } from './events.ts';
export { identifyCluster } from './identify.ts';
export type { JobDeps, TestMachine } from './jobs.ts';
export { dropBackupSlot } from './letGo.ts';
export { type LogicalBackup, type LogicalCatalog, listLogicalBackups } from './logical/backups.ts';
export { createLogicalBackup, type DumpSql, type LogicalOptions } from './logical/create.ts';
export { chooseLogical, readText } from './logical/read.ts';
export { startLogicalBackups } from './logical/service.ts';
export { type TestText, testLogicalBackup } from './logical/test.ts';
export { verifyLogicalBackups } from './logical/verify.ts';
export { type Contents, readContents } from './restore/contents.ts';
export { coverageOf, type WalCoverage } from './restore/coverage.ts';
export type { Owner } from './restore/owner.ts';
export type { RunningServer, StartRestored } from './restore/recovery.ts';
export { type Restored, type RestoreOptions, restoreBackup } from './restore/restore.ts';
export { describeTarget, parseTarget, type RestoreTarget, type TargetTexts } from './restore/target.ts';
export { createKeyring, generateKey, type Keyring, keyAdvice, parseKey } from './seal/keys.ts';
export { startBackups } from './service.ts';
export { openStore, type StorePlace } from './store/open.ts';
export type { Store } from './store/store.ts';
export { assertUsable } from './store/usable.ts';
export { type Tested, testBackup } from './testRestore.ts';
export { findVaults, hasEncrypted, type Survey, surveyVaults, type Vault } from './vault.ts';
export { type Verification, type VerifyOptions, verifyBackups } from './verify.ts';
