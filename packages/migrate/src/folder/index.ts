/** Folders of migrations, and the sums that keep them from changing unseen. */
export { describeFile, directiveOf, isCheckpoint, type MigrationFile } from './file.ts';
export {
  assertSums,
  checkSums,
  type FolderFormat,
  type MigrationFolder,
  readFolder,
  type SumMismatch,
  type SumProblem,
  sumTextOf,
} from './read.ts';
export { isIgnored, parseSums, renderSums, type Sums, sumFile, sumFolder, totalOf } from './sum.ts';
