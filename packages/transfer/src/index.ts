export { writeWholeFile } from './dump/file.ts';
export { type DumpOptions, type DumpReport, dumpDatabase, type Selection } from './dump/index.ts';
export { describeOmission } from './dump/omissions.ts';
export { findPgDump, runPgDump } from './dump/system.ts';
export { TransferError } from './errors.ts';
export {
  type Abandoned,
  abandonImport,
  findUnfinishedImport,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDatabase,
  importDump,
  isAddress,
  movingExtension,
  type Note,
  type Origin,
  UnlistedError,
} from './import/index.ts';
