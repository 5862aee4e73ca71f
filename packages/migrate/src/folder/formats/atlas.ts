import { atlasHistory } from '../../revisions/index.ts';
import { sumFile } from '../sum.ts';
import { filesOf, newFile, placeBeside, sqlNames } from './flat.ts';
import type { Format } from './format.ts';

/** @see https://atlasgo.io/concepts/migration-directory */
export const atlas: Format = {
  name: 'atlas',
  isOf: async (_path, entries) => entries.some(({ name }) => name === sumFile),
  read: async path => ({ files: await filesOf(path, await sqlNames(path)), setAside: [] }),
  newFiles: migration => [newFile(migration)],
  isFlat: true,
  isByDatabase: false,
  hasSums: true,
  isNumbered: false,
  isLinear: true,
  keepsApplied: false,
  ignoresOrder: false,
  hasTxModes: true,
  passesTransactions: false,
  firstMayStandAlone: false,
  cutBy: 'atlas',
  asSent: text => text,
  placeOfDown: placeBeside,
  squashedBy: null,
  history: (_path, schema) => atlasHistory(schema),
  lender: null,
};
