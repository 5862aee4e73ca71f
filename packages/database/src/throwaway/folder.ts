import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeAsOwners } from '../host/asUser.ts';
import { canReach, resolveRunUser } from '../host/user.ts';
import { reapWithThisProcess } from './reaper.ts';

/** A temporary folder for a server, which ends with this process, server included. */
export interface ThrowawayFolder {
  readonly path: string;
  /** In it, and not made yet. */
  readonly dataDir: string;
  /** Once the server has been stopped. Safe to call twice. */
  remove(): Promise<void>;
}

/** Makes one, where the server's user can get in; however this process ends (by return, Ctrl-C, kill -9), nothing of it stays. */
export function makeThrowawayFolder(): ThrowawayFolder {
  const folder = mkdtempSync(path.join(temporaryRoot(), 'peakstone-throwaway-'));
  // The server's user, other than ours when we are root, must get in and find what it left; what it keeps there is private.
  chmodSync(folder, 0o755);
  const release = reapWithThisProcess(folder);
  return {
    path: folder,
    dataDir: path.join(folder, 'postgres'),
    async remove() {
      await removeAsOwners(folder);
      release();
    },
  };
}

/** The temporary folder, or, where the server's user may not enter that, the system's. */
function temporaryRoot(): string {
  const user = resolveRunUser(undefined, () => {});
  return canReach(tmpdir(), user) ? tmpdir() : '/tmp';
}
