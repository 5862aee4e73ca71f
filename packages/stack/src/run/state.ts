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
import { StackError } from './errors.ts';
import { isLocked } from './lock.ts';
import type { StackPaths } from './paths.ts';

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
}

/** What is in the folder: a stack that runs, the remains of one that was killed, or nothing. */
export type Presence =
  | { readonly kind: 'running'; readonly state: StackState | null }
  | { readonly kind: 'stale'; readonly state: StackState }
  | { readonly kind: 'absent' };

/** Looks at the lock first: only it tells whether the process that wrote the state still lives. */
export function readPresence(paths: StackPaths): Presence {
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

function readState(paths: StackPaths): StackState | null {
  if (!existsSync(paths.state)) return null;
  const parsed: unknown = JSON.parse(readFileSync(paths.state, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || (parsed as StackState).version !== 1) {
    throw new Error(
      `${paths.state} was written by another version of PeakStone. Stop that stack with its own version, or remove the file if nothing runs.`,
    );
  }
  return parsed as StackState;
}

/** Replaces the state whole, so that a reader never sees half of it. */
export function writeState(paths: StackPaths, state: StackState): void {
  const draft = `${paths.state}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, paths.state);
}

/** Removes what a stack leaves in its folder for others to find; the lock file stays, as it has no meaning unheld. */
export function removeState(paths: StackPaths): void {
  rmSync(paths.state, { force: true });
  rmSync(paths.control, { force: true });
}
