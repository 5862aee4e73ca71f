export { TransferError } from './errors.ts';
export {
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDump,
  type Note,
  type Origin,
} from './import/index.ts';
