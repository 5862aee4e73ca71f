/** One rotation of a stack's secrets at a time: it changes `.env`, the database and the services, which must agree in the end. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileDurably } from '@peakstone/kernel/durable';
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

/** Null where another process is at a rotation. The stack's folder is there. */
export function tryRotationLock(paths: StackPaths): Lock | null {
  return takeLock(fileOf(paths));
}

/**
 * Written ahead of a rotation, and taken away when its services have restarted: where it lies and nobody rotates, one was
 * killed, and what it left undone is done by the stack, or means nothing when none runs.
 */
export function noteRotation(paths: StackPaths): void {
  writeFileDurably(noteOf(paths), '', 0o600);
}

export function forgetRotation(paths: StackPaths): void {
  rmSync(noteOf(paths), { force: true });
}

export function isRotationNoted(paths: StackPaths): boolean {
  return existsSync(noteOf(paths));
}

/** Who rotates secrets right now, in words; null when nobody does, so that a file of a rotation is one that was interrupted. */
export function rotationUnderWay(paths: StackPaths): string | null {
  return existsSync(fileOf(paths)) && isLocked(fileOf(paths)) ? describeHolder(paths) : null;
}

function describeHolder(paths: StackPaths): string {
  const pid = lockHolder(fileOf(paths));
  return pid === null ? 'another process' : `process ${pid}`;
}

function noteOf(paths: StackPaths): string {
  return join(paths.data, 'rotation.begun');
}

function fileOf(paths: StackPaths): string {
  return join(paths.data, 'rotation.lock');
}
