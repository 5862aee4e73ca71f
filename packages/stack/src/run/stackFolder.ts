import { realpathSync, statSync } from 'node:fs';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';

/**
 * Where a running stack's folder is. What is open in it goes on when the folder is moved; what is begun anew would look at
 * the old path, find nothing there, and must not make a new database in its place.
 */
export class StackFolder {
  readonly data: string;
  readonly #lock: string;
  readonly #identity: string;

  /** @param paths of the stack, whose lock is held */
  constructor(paths: StackPaths) {
    this.data = realpathSync(paths.data);
    this.#lock = paths.lock;
    this.#identity = identityOf(paths.lock);
  }

  get isMoved(): boolean {
    return identityOf(this.#lock) !== this.#identity;
  }

  /** @throws {StackError} `moved` */
  assertUnmoved(): void {
    if (!this.isMoved) return;
    throw new StackError('moved', `The stack's folder was moved while it ran; it was ${this.data}.`, {
      hint: movedHint,
    });
  }
}

/** What to do about it, where the folder is now. */
export const movedHint = `Nothing was changed. In its new place: 'peakstone down', then 'peakstone up'.`;

function identityOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev}:${found.ino}`;
}
