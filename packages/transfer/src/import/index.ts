export type { Origin } from './decision.ts';
export { importLive, isAddress } from './live.ts';
export type { ImportReport, Note } from './notes.ts';
export { type ImportOptions, type ImportProgress, importDump } from './run.ts';
