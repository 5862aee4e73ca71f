export { writeWholeFile } from './dump/file.ts';
export { type DumpOptions, type DumpReport, dumpDatabase, type Selection } from './dump/index.ts';
export { describeLeft } from './dump/left.ts';
export { findPgDump, runPgDump } from './dump/system.ts';
export { TransferError } from './errors.ts';
export {
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDump,
  importLive,
  isAddress,
  type Note,
  type Origin,
} from './import/index.ts';
