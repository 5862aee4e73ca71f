/**
 * Templates: freshly made clusters, unpacked in a tenth of initdb's time. Each is one file, an archive, which this process's
 * user keeps for itself: what the server's user packs and unpacks, it can neither look at nor change in between.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '@peakstone/kernel/process';
import { DatabaseError, diskFull, systemCode } from '../errors.ts';
import { patchFilesAs, runAs } from '../host/asUser.ts';
import { partialSuffix } from '../host/processes.ts';
import type { RunUser } from '../host/user.ts';
import { ensureCache, ensurePrivate } from '../private.ts';
import { CONTROL_FILE, type IdentityFiles, renewIdentity } from './identity.ts';

/**
 * The folder of templates; undefined where none can be kept, or another user could have put one there, which would become
 * this user's database.
 */
export function prepareTemplates(cacheDir: string): string | undefined {
  try {
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    return ensurePrivate(path.join(ensureCache(cacheDir), 'templates'), { owner: own });
  } catch (error) {
    if (error instanceof DatabaseError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** A template is a convenience: when it cannot be kept, the start goes on without. */
export async function saveTemplate(cluster: string, template: string, user: RunUser): Promise<void> {
  const partial = `${template}.part-${partialSuffix()}`;
  try {
    removeAbandoned(template);
    const file = openSync(partial, 'wx', 0o600);
    const { status } = await runAs(user, 'tar', ['-C', cluster, '-cf', '-', '.'], { into: file }).finally(
      () => closeSync(file),
    );
    if (status === 0) renameSync(partial, template);
  } catch (error) {
    // Read-only home, full disk, no tar: all the same to us.
    if (!(error instanceof DatabaseError) && systemCode(error) === undefined) throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

/**
 * Fills an empty folder of `user`'s from a template, with an identity of its own; false when there is none, or it cannot be
 * used and is gone then. What is in the folder is of no use in that case.
 */
export async function useTemplate(template: string, folder: string, user: RunUser): Promise<boolean> {
  if (!existsSync(template)) return false;
  const file = openSync(template, 'r');
  try {
    const patches = renewIdentity(readIdentity(file));
    if (patches !== undefined) {
      // One that reads from its standard input reads from the file's current position, which is still its start.
      const { status, output } = await runAs(user, 'tar', ['-C', folder, '-xpf', '-'], { input: file });
      if (/No space left on device|Disk quota exceeded/.test(output))
        throw diskFull(folder, new Error(output));
      if (status === 0) {
        await patchFilesAs(user, folder, patches);
        return true;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  } finally {
    closeSync(file);
  }
  // Damaged or outdated: made anew.
  rmSync(template, { force: true });
  return false;
}

/** Of a WAL segment, as much as its identity needs. */
const headBytes = 64;
const controlBytes = 8192;

/** @throws {RangeError} where the file is no archive of a cluster */
function readIdentity(file: number): IdentityFiles {
  const segments = new Map<string, Buffer>();
  let control: Buffer = Buffer.alloc(0);
  for (const { name, at } of listArchive(file)) {
    if (name === CONTROL_FILE) control = readAt(file, at, controlBytes);
    else if (/^pg_wal\/[0-9A-F]{24}$/.test(name)) segments.set(name, readAt(file, at, headBytes));
  }
  return { control, segments };
}

const blockBytes = 512;

/** The entries of a tar archive, and where their bytes begin. @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function* listArchive(file: number): Generator<{ readonly name: string; readonly at: number }> {
  for (let at = 0; ; ) {
    const head = readAt(file, at, blockBytes);
    if (head[0] === 0) return;
    const text = (from: number, to: number) => head.toString('latin1', from, to).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 136), 8);
    if (!(size >= 0)) throw new RangeError('no tar archive');
    at += blockBytes;
    yield { name: text(0, 100).replace(/^\.\//, ''), at };
    at += Math.ceil(size / blockBytes) * blockBytes;
  }
}

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, at) < length) throw new RangeError('the archive ends too early');
  return bytes;
}

/** What starts that were killed half-way left; only of processes that are gone. */
function removeAbandoned(template: string): void {
  for (const file of abandoned(`${template}.part-`)) rmSync(file, { force: true });
}

/** What is named by `prefix` and the id of a process that is gone. */
export function abandoned(prefix: string): string[] {
  const folder = path.dirname(prefix);
  const start = path.basename(prefix);
  return readdirSync(folder)
    .filter(name => name.startsWith(start) && !isAlive(Number.parseInt(name.slice(start.length), 10)))
    .map(name => path.join(folder, name));
}
