import { type BeyondConfig, defaultBeyond } from '../../src/config/beyond.ts';

/** Every setting beyond the reference's, turned on. */
export const allBeyond: BeyondConfig = {
  ...defaultBeyond,
  batchPath: '/batch',
  nestedInsert: true,
  stream: true,
  etag: true,
  queryMethod: true,
  columnFilters: true,
  keyset: true,
};
