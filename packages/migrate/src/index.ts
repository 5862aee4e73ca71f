/** Versioned migrations: folders, sums, revisions, and what applies them. */
export * from './apply/index.ts';
export { type DownOptions, undoMigrations } from './down.ts';
export { MigrateError, type MigrateErrorCode } from './errors.ts';
export * from './folder/index.ts';
export { findInvalidIndexes, type InvalidIndex } from './invalidIndexes.ts';
export * from './plan/index.ts';
export { replayFolder, replayOnCopy } from './replay.ts';
export * from './report/index.ts';
export * from './revisions/index.ts';
export * from './session/index.ts';
export { setVersion } from './set.ts';
export * from './split/index.ts';
export * from './squash/index.ts';
export { historyOf, readStatus } from './status.ts';
export { isMigrationName, writeMigration } from './write.ts';
