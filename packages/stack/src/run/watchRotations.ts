/** What becomes of a rotation of secrets that was killed: the stack that runs finishes it, and commands wait for that. */
import { finishRotation, rotatedFile, rotationInterrupted } from '@peakstone/database';
import type { StackPaths } from '../project/paths.ts';
import {
  forgetRotation,
  isRotationNoted,
  rotationUnderWay,
  tryRotationLock,
} from '../project/rotationLock.ts';
import type { OnStackEvent } from './events.ts';
import type { StackPlan } from './plan.ts';
import type { RunningServices } from './runningServices.ts';
import type { StackFolder } from './stackFolder.ts';
import type { Supervisor } from './supervisor.ts';

/** How often it is looked for one. */
const lookMs = 1000;

export interface RotationWatch {
  readonly paths: StackPaths;
  readonly folder: StackFolder;
  readonly plan: StackPlan;
  readonly registry: RunningServices;
  readonly supervisor: Supervisor;
  readonly emit: OnStackEvent;
  readonly signal: AbortSignal;
}

/** Finishes what killed rotations leave, for as long as the stack runs. Returns what ends it. */
export function watchRotations(watch: RotationWatch): () => void {
  const { paths, folder, emit } = watch;
  let told = '';
  let finishing = false;
  const look = async (): Promise<void> => {
    if (finishing || folder.isMoved || !(isRotationNoted(paths) || rotationInterrupted(paths.env))) return;
    if (rotationUnderWay(paths) !== null) return;
    finishing = true;
    try {
      await finish(watch);
      told = '';
    } catch (error) {
      // Tried again at the next look: a database that is away comes back.
      const { message } = error as Error;
      if (message !== told)
        emit({
          kind: 'notice',
          text: `A rotation of secrets that was killed is not finished yet: ${message}`,
        });
      told = message;
    } finally {
      finishing = false;
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The database first, so that the file that everybody reads never has passwords that it does not take. */
async function finish({ paths, plan, registry, supervisor, emit, signal }: RotationWatch): Promise<void> {
  const lock = tryRotationLock(paths);
  if (lock === null) return;
  try {
    if (rotationInterrupted(paths.env)) {
      await registry.adoptSecrets(plan.env(rotatedFile(paths.env)), signal);
      finishRotation(paths.env, text => emit({ kind: 'notice', text }));
    }
    // One that does not come back is told in its status, and tried again as any other.
    for (const { name, state, outdatedSecrets } of supervisor.statuses())
      if (outdatedSecrets.length > 0 && state !== 'stopped')
        await supervisor.restart(name).catch((error: Error) => emit({ kind: 'notice', text: error.message }));
    forgetRotation(paths);
  } finally {
    lock.release();
  }
}
