/** Diffs of databases: what a folder of migrations lacks, as files that are proven. */
export { loadDeclared } from './declared.ts';
export { type Diff, type DiffInput, diffDatabases } from './diff.ts';
export { loadPgDelta } from './engine/pgDelta.ts';
export type { DiffEngine, Scope } from './engine/types.ts';
export { type FilePlan, renderFile } from './files.ts';
export type { Loss } from './loss.ts';
export { type Rename, renameText } from './renames/find.ts';
export { type GivenRename, readRename } from './renames/given.ts';
export type { ScratchDatabase } from './scratchDatabase.ts';
