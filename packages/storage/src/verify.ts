/** Looks at a folder that nobody serves. */

import { isStore } from './store/folder.ts';
import { type ScrubReport, scrub } from './store/scrub.ts';
import { openStore } from './store/store.ts';
import { StoreError } from './store/storeError.ts';

export type { ScrubProblem, ScrubReport } from './store/scrub.ts';

/**
 * Reads all of it.
 * @throws {StoreError} it is no store's folder, or in use
 */
export async function verifyFolder(
  folder: string,
  onProgress: (bytes: number) => void,
): Promise<ScrubReport> {
  if (!isStore(folder))
    throw new StoreError(
      'FOREIGN',
      `${folder} holds no objects of ours.`,
      'Name the folder that peakstone storage server was given.',
    );
  // What fails in the background is the removal of leftovers, which the report tells then.
  const store = await openStore(folder, () => undefined);
  try {
    return await scrub(store, onProgress);
  } finally {
    await store.close();
  }
}
