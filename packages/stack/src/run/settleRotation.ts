/** For commands: a rotation of secrets that is not finished, as it was killed or still goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { finishRotation, rotationInterrupted } from '@peakstone/database';
import type { StackPaths } from '../project/paths.ts';
import { rotationUnderWay, tryRotationLock } from '../project/rotationLock.ts';
import { readPresence } from './state.ts';

/** How long a command waits for whoever is at it. */
const patienceMs = 30_000;
const pauseMs = 50;

/**
 * Before `.env` is read: until a rotation is finished, the database may have other passwords than it. One that was killed is
 * finished by the stack that runs (`watchRotations.ts`), or from here. Returns at once where there is none, and after a while
 * where whoever is at it does not get on.
 */
export async function settleRotation(paths: StackPaths): Promise<void> {
  const until = performance.now() + patienceMs;
  while (rotationInterrupted(paths.env) && performance.now() < until) {
    if (rotationUnderWay(paths) !== null || readPresence(paths).kind === 'running') await sleep(pauseMs);
    else finishAlone(paths);
  }
}

/** Where no stack runs, the next start gives the database the passwords of the file. */
function finishAlone(paths: StackPaths): void {
  const lock = tryRotationLock(paths);
  try {
    if (lock) finishRotation(paths.env, () => undefined);
  } finally {
    lock?.release();
  }
}
