/** Folders of migrations, and the sums that keep them from changing unseen. */
export { type DownScript, describeFile, directiveOf, isCheckpoint, type MigrationFile } from './file.ts';
export { detectFormat, type FolderFormat, type Format, formats, type SetAside } from './formats/index.ts';
export {
  assertSums,
  checkSums,
  type MigrationFolder,
  readFolder,
  type SumMismatch,
  type SumProblem,
  sumTextOf,
} from './read.ts';
export {
  isIgnored,
  NOT_IN_SUMS,
  parseSums,
  renderSums,
  type Sums,
  sumFile,
  sumFolder,
  totalOf,
} from './sum.ts';
