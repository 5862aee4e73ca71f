export { type Abandoned, abandonImport } from './abandon.ts';
export { movingExtension, UnlistedError } from './administrator/index.ts';
export type { Origin } from './decision.ts';
export { importDatabase, isAddress } from './fromDatabase.ts';
export type { ImportReport, Note } from './notes.ts';
export { type ImportOptions, type ImportProgress, importDump } from './run.ts';
export { findUnfinishedImport } from './unfinished.ts';
