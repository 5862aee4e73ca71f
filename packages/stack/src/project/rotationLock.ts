/** One rotation of a stack's secrets at a time: it changes `.env`, the database and the services, which must agree in the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from './errors.ts';
import { isLocked, type Lock, lockHolder, takeLock } from './lock.ts';
import { ensureDataFolder, type StackPaths } from './paths.ts';

/** A rotation takes seconds; one that restarts services under load, some more. */
const patienceMs = 120_000;
const pauseMs = 100;

/**
 * Waits for a rotation that another process is at. `onWait` is told of it once.
 * @throws {StackError} `config` when that takes too long; `permission`
 */
export async function takeRotationLock(
  paths: StackPaths,
  onWait: (text: string) => void,
  patience = patienceMs,
): Promise<Lock> {
  ensureDataFolder(paths);
  const until = performance.now() + patience;
  for (let told = false; ; ) {
    const lock = takeLock(fileOf(paths));
    if (lock) return lock;
    const who = describeHolder(paths);
    if (performance.now() >= until)
      throw new StackError('config', `Secrets of this stack are still being rotated by ${who}.`, {
        hint: 'Wait for it, or end it; then rotate.',
      });
    if (!told) onWait(`Waiting for ${who}, which is rotating secrets of this stack.`);
    told = true;
    await sleep(pauseMs);
  }
}

/** Who rotates secrets right now, in words; null when nobody does, so that a file of a rotation is one that was interrupted. */
export function rotationUnderWay(paths: StackPaths): string | null {
  return existsSync(fileOf(paths)) && isLocked(fileOf(paths)) ? describeHolder(paths) : null;
}

function describeHolder(paths: StackPaths): string {
  const pid = lockHolder(fileOf(paths));
  return pid === null ? 'another process' : `process ${pid}`;
}

function fileOf(paths: StackPaths): string {
  return join(paths.data, 'rotation.lock');
}
