import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { settleWithin } from '@peakstone/kernel/service';
import { StackError } from '../project/errors.ts';
import { isLocked, lockHolder } from '../project/lock.ts';
import { assertOwnDataFolder, assertOwnSocket, type StackPaths } from '../project/paths.ts';
import { askControl } from './control.ts';
import type { OrphanProcess } from './orphans.ts';

/** What a running stack says about itself to other processes. Holds no secret. */
export interface StackState {
  /** Format of this file. */
  readonly version: 1;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly host: string;
  /** By service. */
  readonly ports: Readonly<Record<string, number>>;
  readonly control: string;
  /** Its folder as it was at the start, without links. */
  readonly data?: string;
  /** Those that the stack's services run in; they end with it, and a start after a kill sees to it. */
  readonly processes?: readonly OrphanProcess[];
}

/** What is in the folder: a stack that runs, the remains of one that was killed, or nothing. */
export type Presence =
  | { readonly kind: 'running'; readonly state: StackState | null }
  | { readonly kind: 'stale'; readonly state: StackState }
  | { readonly kind: 'absent' };

/** Looks at the lock first: only it tells whether the process that wrote the state still lives. */
export function readPresence(paths: StackPaths): Presence {
  assertOwnDataFolder(paths);
  const running = existsSync(paths.lock) && isLocked(readable(paths.lock));
  const state = readState(paths);
  // A stack that has just begun holds the lock before it has written its state.
  if (running) return { kind: 'running', state };
  return state ? { kind: 'stale', state } : { kind: 'absent' };
}

/** @throws {StackError} `permission` where the stack is another user's, which SQLite would only call unable to open. */
function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch (error) {
    const owner = statSync(file).uid;
    throw new StackError(
      'permission',
      `The stack in ${dirname(file)} belongs to another user (id ${owner}).`,
      {
        hint: 'Run the command as that user, or name another folder with --data.',
        cause: error,
      },
    );
  }
}

/**
 * Null where there is none that can be read: a disk that was full or broken left it, or another version wrote it. It only
 * tells where a stack is, which the lock and the control channel tell as well, and the next start writes it anew.
 */
function readState(paths: StackPaths): StackState | null {
  if (!existsSync(paths.state)) return null;
  const parsed = parseState(readFileSync(paths.state, 'utf8'));
  return isState(parsed) ? parsed : null;
}

function isState(parsed: unknown): parsed is StackState {
  if (typeof parsed !== 'object' || parsed === null) return false;
  const { version, pid, ports } = parsed as Partial<StackState>;
  return version === 1 && typeof pid === 'number' && typeof ports === 'object' && ports !== null;
}

function parseState(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Replaces the state whole, so that a reader never sees half of it. */
export function writeState(paths: StackPaths, state: StackState): void {
  const draft = `${paths.state}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, paths.state);
}

/**
 * Where the control channel is: in the folder, which may have been moved since its path was written down, or where the
 * state says, when it lies in another process's temporary folder.
 */
export function controlSocket(paths: StackPaths, state: StackState): string {
  const socket = existsSync(paths.control) ? paths.control : state.control;
  assertOwnSocket(socket, paths);
  return socket;
}

/** Removes what a stack leaves in its folder for others to find; the lock file stays, as it has no meaning unheld. */
export function removeState(paths: StackPaths): void {
  rmSync(paths.state, { force: true });
  rmSync(paths.control, { force: true });
}

/** How often, 100 ms apart, a stack that has just begun is looked for. */
const attempts = 50;
/** After so many attempts, a stack that runs without a readable state file is asked over its control channel. */
const askAfter = 3;

/**
 * The state of the stack that runs in this folder; waits a moment for one that has just begun, and asks one whose state
 * file is missing or cannot be read.
 * @throws {StackError} `notRunning`; `unanswered` when one runs that nobody can ask
 */
export async function runningState(paths: StackPaths): Promise<StackState> {
  for (let attempt = 0; ; attempt++) {
    const presence = readPresence(paths);
    if (presence.kind === 'running' && presence.state) return presence.state;
    if (presence.kind !== 'running') {
      const killed =
        presence.kind === 'stale'
          ? ` (process ${presence.state.pid} was killed; nothing committed is lost)`
          : '';
      throw notRunning(paths, killed);
    }
    const asked = attempt < askAfter ? null : await askForState(paths);
    if (asked) return asked;
    if (attempt >= attempts) throw unanswered(lockHolder(paths.lock), 'it does not say where it is');
    await sleep(100);
  }
}

/** What a running stack says of itself on its control channel; null when it does not listen there. */
async function askForState(paths: StackPaths): Promise<StackState | null> {
  if (!existsSync(paths.control)) return null;
  assertOwnSocket(paths.control, paths);
  const outcome = await settleWithin(askControl(paths.control, { command: 'status' }), 5000);
  if (outcome.kind !== 'done' || outcome.value === null) return null;
  const { pid, startedAt, services } = outcome.value;
  const ports = Object.fromEntries(
    services.flatMap(({ name, port }) => (port === null ? [] : [[name, port] as const])),
  );
  return { version: 1, pid, startedAt, host: '127.0.0.1', ports, control: paths.control };
}

/** @param pid null where the system does not tell. @param why ends the sentence */
export function unanswered(pid: number | null, why: string, cause?: unknown): StackError {
  const which = pid === null ? 'a process has its lock' : `process ${pid} runs`;
  return new StackError('unanswered', `The stack does not answer: ${which}, but ${why}.`, {
    hint:
      pid === null
        ? 'Find the process (ps -ef | grep peakstone) and end it: kill, then kill -9; nothing committed is lost.'
        : `It may be suspended: kill -CONT ${pid}. To end it: kill ${pid}, then kill -9 ${pid}; nothing committed is lost.`,
    cause,
  });
}

/** @param why in brackets, when more is known */
export function notRunning(paths: StackPaths, why: string): StackError {
  return new StackError('notRunning', `No stack runs in ${paths.data}${why}.`, {
    hint: `Start it with 'peakstone up', or name another folder with --data.`,
  });
}
