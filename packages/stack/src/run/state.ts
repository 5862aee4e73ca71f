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
import { StackError } from './errors.ts';
import type { LeftProcess } from './left.ts';
import { isLocked } from './lock.ts';
import { assertOwnDataFolder, assertOwnSocket, type StackPaths } from './paths.ts';

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
  /** Those that the stack's services run in; they end with it, and a start after a kill sees to it. */
  readonly processes?: readonly LeftProcess[];
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

/** @throws {StackError} `config` when another version wrote it. */
function readState(paths: StackPaths): StackState | null {
  if (!existsSync(paths.state)) return null;
  const parsed = parseState(readFileSync(paths.state, 'utf8'));
  // A disk that was full or broken left it; it only tells where a stack is, and the next start writes it anew.
  if (typeof parsed !== 'object' || parsed === null) return null;
  if ((parsed as StackState).version !== 1) {
    throw new StackError('config', `${paths.state} was written by another version of PeakStone.`, {
      hint: 'Stop that stack with its own version, or remove the file if nothing runs.',
    });
  }
  return parsed as StackState;
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
      throw notRunning(paths, killed);
    }
    await sleep(100);
  }
}

/** @param why in brackets, when more is known */
export function notRunning(paths: StackPaths, why: string): StackError {
  return new StackError('notRunning', `No stack runs in ${paths.data}${why}.`, {
    hint: `Start it with 'peakstone up', or name another folder with --data.`,
  });
}
