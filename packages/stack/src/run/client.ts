import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeDataFolder } from '@peakstone/database';
import { askControl } from './control.ts';
import { type EnvValues, stackEnv } from './envFile.ts';
import { StackError } from './errors.ts';
import type { OnStackEvent } from './events.ts';
import { takeLock } from './lock.ts';
import { databaseDir, type StackPaths } from './paths.ts';
import { readPresence, removeState, type StackState } from './state.ts';
import type { StackStatus } from './status.ts';

/** How long a stack's process may take to end after it has said that it is stopped. */
const exitMs = 5000;

/** @throws {StackError} `notRunning` */
export async function stackStatus(paths: StackPaths): Promise<StackStatus> {
  const { control } = await runningState(paths);
  const status = await askControl(control, { command: 'status' });
  if (status === null) throw new StackError('control', 'The stack gave no status.');
  return status;
}

/** Restarts one service of the running stack, or all. @throws {StackError} `notRunning`, `unknownService`, `startFailed` */
export async function restartStack(
  paths: StackPaths,
  service: string | undefined,
  onEvent: OnStackEvent,
): Promise<void> {
  const { control } = await runningState(paths);
  await askControl(control, { command: 'restart', ...(service === undefined ? {} : { service }) }, onEvent);
}

/** Stops one service of the running stack until it is restarted. @throws {StackError} `notRunning`, `unknownService` */
export async function stopService(paths: StackPaths, service: string, onEvent: OnStackEvent): Promise<void> {
  const { control } = await runningState(paths);
  await askControl(control, { command: 'stop', service }, onEvent);
}

/**
 * Stops the running stack and waits until its process has ended; false when none runs. Where the stack was killed, what
 * it left running is stopped. `env` is the caller's environment, which may say where the database's folder is.
 */
export async function stopStack(
  paths: StackPaths,
  onEvent: OnStackEvent,
  env: EnvValues = {},
): Promise<boolean> {
  let state: StackState;
  try {
    state = await runningState(paths);
  } catch (error) {
    if (error instanceof StackError && error.code === 'notRunning')
      return await stopRemains(paths, onEvent, env);
    throw error;
  }
  await askControl(state.control, { command: 'stop' }, onEvent);
  const until = Date.now() + exitMs;
  while (isAlive(state.pid) && Date.now() < until) await sleep(20);
  return true;
}

/** A killed stack leaves its database running, on its port: whoever stops the stack wants that to end as well. */
async function stopRemains(paths: StackPaths, onEvent: OnStackEvent, env: EnvValues): Promise<boolean> {
  if (readPresence(paths).kind !== 'stale') return false;
  // Held meanwhile, so that no successor starts the server that is being stopped.
  const lock = takeLock(paths.lock);
  if (lock === null) return false;
  try {
    const dataDir = databaseDir(paths, stackEnv(paths, env));
    if (existsSync(dataDir))
      await freeDataFolder(dataDir, text => onEvent({ kind: 'step', service: 'postgres', text }));
    removeState(paths);
    return true;
  } finally {
    lock.release();
  }
}

/**
 * The state of the stack that runs in this folder; waits a moment for one that has just begun.
 * @throws {StackError} `notRunning`
 */
export async function runningState(paths: StackPaths): Promise<StackState> {
  for (let attempt = 0; ; attempt++) {
    const presence = readPresence(paths);
    if (presence.kind === 'running' && presence.state) return presence.state;
    if (presence.kind !== 'running' || attempt === 50) {
      const killed =
        presence.kind === 'stale'
          ? ` (process ${presence.state.pid} was killed; nothing committed is lost)`
          : '';
      throw new StackError('notRunning', `No stack runs in ${paths.data}${killed}.`, {
        hint: `Start it with 'peakstone up', or name another folder with --data.`,
      });
    }
    await sleep(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
