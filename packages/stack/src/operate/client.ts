import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@peakstone/kernel/process';
import { settleWithin } from '@peakstone/kernel/service';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import { lockHolder, takeLock } from '../project/lock.ts';
import type { StackPaths } from '../project/paths.ts';
import { httpUrl } from '../project/urls.ts';
import { askControl, type ControlRequest } from '../run/control.ts';
import type { OnStackEvent } from '../run/events.ts';
import { endOrphans } from '../run/orphans.ts';
import { placeValues } from '../run/stackValues.ts';
import {
  controlSocket,
  notRunning,
  readPresence,
  removeState,
  runningState,
  type StackState,
  unanswered,
} from '../run/state.ts';
import type { StatusReply } from '../run/statusReply.ts';
import { services } from '../services/index.ts';
import { frontOf } from '../services/local.ts';
import { findRemains, remainsHint } from './remains.ts';

/** How long a stack's process may take to end after it has said that it is stopped. */
const exitMs = 5000;
/** How long one that was asked by a signal may take to drain and stop everything. */
const signalMs = 60_000;

/**
 * @param env where it is given, what a killed stack has left running is named
 * @throws {StackError} `notRunning`
 */
export async function stackStatus(paths: StackPaths, env?: EnvValues): Promise<StatusReply> {
  if (env !== undefined) await assertNothingLeft(paths, env);
  const status = await ask(paths, await runningState(paths), { command: 'status' });
  if (status === null) throw new StackError('control', 'The stack gave no status.');
  return status;
}

/** @throws {StackError} `notRunning` where only parts of it do */
async function assertNothingLeft(paths: StackPaths, env: EnvValues): Promise<void> {
  const remains = await findRemains(paths, env);
  if (remains.length === 0) return;
  const text = `${remains.join(' and ')} ${remains.length === 1 ? 'was' : 'were'} left running by one that was killed`;
  throw new StackError('notRunning', `No stack runs in ${paths.data}, but ${text}.`, { hint: remainsHint });
}

/** How long those who changed the schema wait for the APIs at most. */
const refreshMs = 30_000;

/**
 * Waits until the running stack's APIs serve what the database holds now: after DDL, so that the next request finds what
 * was made. Null when they do, or when no stack runs here; else why they may not yet, for the user.
 */
export async function awaitSchema(paths: StackPaths): Promise<string | null> {
  const presence = readPresence(paths);
  if (presence.kind !== 'running' || !presence.state) return null;
  const asked = ask(paths, presence.state, { command: 'refresh' });
  const outcome = await settleWithin(asked, refreshMs);
  if (outcome.kind === 'done') return null;
  const why = outcome.kind === 'late' ? `not within ${refreshMs / 1000} s` : outcome.error.message;
  return `The change is committed; the APIs may not serve it yet: ${why}`;
}

/** Where the running stack tells how it is; null where it has no gateway. @throws {StackError} `notRunning` */
export async function healthUrl(paths: StackPaths): Promise<string | null> {
  const { host, ports } = await runningState(paths);
  const port = ports[frontOf(services).name];
  return port === undefined ? null : `${httpUrl(host, port)}/healthz`;
}

/** Restarts one service of the running stack, or all. @throws {StackError} `notRunning`, `unknownService`, `startFailed` */
export async function restartStack(
  paths: StackPaths,
  service: string | undefined,
  onEvent: OnStackEvent,
): Promise<void> {
  const request = { command: 'restart', ...(service === undefined ? {} : { service }) } as const;
  await ask(paths, await runningState(paths), request, onEvent);
}

/** Stops one service of the running stack until it is restarted. @throws {StackError} `notRunning`, `unknownService` */
export async function stopService(paths: StackPaths, service: string, onEvent: OnStackEvent): Promise<void> {
  await ask(paths, await runningState(paths), { command: 'stop', service }, onEvent);
}

/**
 * Stops the running stack and waits until its process has ended; false when none runs. Where the stack was killed, what
 * it left running is stopped; one whose state or control channel was lost is found by its lock. `env` is the caller's environment, which may say where the database's folder is.
 */
export async function stopStack(
  paths: StackPaths,
  onEvent: OnStackEvent,
  env: EnvValues = {},
): Promise<boolean> {
  let state: StackState;
  try {
    state = await runningState(paths);
    await ask(paths, state, { command: 'stop' }, onEvent);
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    if (error.code === 'notRunning') return await stopRemains(paths, onEvent, env);
    // Its control channel is gone, as when somebody removed the file: a signal asks for the same.
    if (error.code !== 'unanswered' || existsSync(paths.control)) throw error;
    return await stopBySignal(paths, error);
  }
  await untilEnded(state.pid);
  // A stack whose folder was moved looks for its state where that was, and would pass for a killed one.
  const left = readPresence(paths);
  if (left.kind === 'stale' && left.state.pid === state.pid) removeState(paths);
  return true;
}

/** @throws the given error where the system does not tell which process it is, or it does not end. */
async function stopBySignal(paths: StackPaths, unheard: StackError): Promise<boolean> {
  const pid = lockHolder(paths.lock);
  if (pid === null) throw unheard;
  process.kill(pid, 'SIGTERM');
  const until = performance.now() + signalMs;
  while (readPresence(paths).kind === 'running') {
    if (performance.now() > until) throw unheard;
    await sleep(50);
  }
  await untilEnded(pid);
  removeState(paths);
  return true;
}

/**
 * Asks the running stack, and tells one that ended meanwhile from one that hangs.
 * @throws {StackError} `notRunning`, `unanswered` with what to do about the process, or what the stack itself refused
 */
export async function ask(
  paths: StackPaths,
  state: StackState,
  request: ControlRequest,
  onEvent?: OnStackEvent,
): Promise<StatusReply | null> {
  try {
    return await askControl(controlSocket(paths, state), request, onEvent);
  } catch (error) {
    if (!(error instanceof StackError) || error.code !== 'unanswered') throw error;
    if (readPresence(paths).kind !== 'running') throw notRunning(paths, '');
    throw unanswered(state.pid, error.message, error);
  }
}

/** What a killed stack has left running ends as well when the stack is stopped. */
async function stopRemains(paths: StackPaths, onEvent: OnStackEvent, env: EnvValues): Promise<boolean> {
  const presence = readPresence(paths);
  if (presence.kind === 'running') return false;
  // Without a folder, what it linked to may still be in use.
  if (!existsSync(paths.lock)) return await freeServices(paths, onEvent, env);
  // Held meanwhile, so that no successor starts the server that is being stopped.
  const lock = takeLock(paths.lock);
  if (lock === null) return false;
  // Its state may be lost, and the database run nevertheless.
  const found = existsSync(paths.state);
  try {
    if (presence.kind === 'stale') await endOrphans(presence.state.processes ?? []);
    const freed = await freeServices(paths, onEvent, env);
    removeState(paths);
    return found || freed;
  } finally {
    lock.release();
  }
}

/** Whether any service had left something running. */
async function freeServices(paths: StackPaths, onEvent: OnStackEvent, env: EnvValues): Promise<boolean> {
  let found = false;
  const values = placeValues(paths, env);
  for (const { name, local } of services) {
    const planning = await local?.plan?.();
    await planning?.freeRemains?.(paths, values, text => {
      found = true;
      onEvent({ kind: 'step', service: name, text });
    });
  }
  return found;
}

/** The stack has given back its lock by now; its process takes a moment more. */
async function untilEnded(pid: number): Promise<void> {
  const until = performance.now() + exitMs;
  while (isAlive(pid) && performance.now() < until) await sleep(20);
}
