/** Versioned migrations: folders, sums, revisions, and what applies them. */
export { MigrateError, type MigrateErrorCode } from './errors.ts';
export * from './folder/index.ts';
export * from './split/index.ts';
