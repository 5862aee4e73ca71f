import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '@peakstone/kernel/process';
import { DatabaseError, diskFull, systemCode } from '../errors.ts';
import { partialSuffix } from '../host/processes.ts';
import type { RunUser } from '../host/user.ts';
import { ensureCache, ensurePrivate } from '../private.ts';
import { runAs } from './run.ts';

/**
 * The folder of this user's templates; undefined where none can be kept, or another user could have put one there, which
 * would become this user's database.
 */
export function prepareTemplates(cacheDir: string, user: RunUser): string | undefined {
  try {
    return ensurePrivate(path.join(ensureCache(cacheDir), `templates-${user.uid}`), { owner: user });
  } catch (error) {
    if (error instanceof DatabaseError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** A template is a convenience: when it cannot be kept, the start goes on without. */
export async function saveTemplate(cluster: string, template: string, user: RunUser): Promise<void> {
  const partial = `${template}.part-${partialSuffix()}`;
  try {
    removeAbandoned(`${template}.part-`);
    makePrivate(partial, user);
    if (await copyTree(cluster, partial, user)) renameSync(partial, template);
  } catch (error) {
    // Read-only home, full disk, another start's template of the same name: all the same to us.
    if (systemCode(error) === undefined) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Copies as the owner, by reference where the file system can. */
export async function copyTree(from: string, to: string, user: RunUser): Promise<boolean> {
  const how = process.platform === 'darwin' ? ['-Rpc'] : ['-a', '--reflink=auto'];
  let run = await runAs(user, 'cp', [...how, `${from}/.`, to]);
  // BusyBox's cp has no --reflink.
  if (run.status !== 0 && /unrecognized|illegal option/.test(run.output)) {
    run = await runAs(user, 'cp', ['-Rp', `${from}/.`, to]);
  }
  if (/No space left on device|Disk quota exceeded/.test(run.output))
    throw diskFull(to, new Error(run.output));
  return run.status === 0;
}

/** Makes a folder that only `user` may enter. */
export function makePrivate(folder: string, user: RunUser): void {
  mkdirSync(folder, { mode: 0o700 });
  if (user.dropped) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
}

/** What starts that were killed half-way left at `prefix` and their process id; only of processes that are gone. */
export function removeAbandoned(prefix: string): void {
  const folder = path.dirname(prefix);
  const start = path.basename(prefix);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(start)) continue;
    if (isAlive(Number.parseInt(name.slice(start.length), 10))) continue;
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
