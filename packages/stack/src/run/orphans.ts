import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signalProcess, startTime } from '@peakstone/kernel/process';
import { StackError } from '../project/errors.ts';

/** A process, so that it is not taken for another one of its id. */
export interface OrphanProcess {
  readonly pid: number;
  /** When it began, as the system tells it. */
  readonly start: string;
}

/** How long one whose supervisor is gone may take to notice. */
const noticeMs = 2000;

/** What is written down of a process that runs. */
export function describeProcess(pid: number): OrphanProcess {
  return { pid, start: startTime(pid) ?? '' };
}

/** How long the system may take to end one that was killed; one that waits for a disk ends only when that answers. */
const killMs = 10_000;

/** Those that have not ended, by what the killed stack has written down of them. */
export function livingOrphans(processes: readonly OrphanProcess[]): readonly OrphanProcess[] {
  return processes.filter(({ pid, start }) => isAlive(pid) && startTime(pid) === start);
}

/**
 * Ends what is left of a killed stack's processes. They end by themselves as soon as the channel to their supervisor has; one
 * that is stopped or hangs is killed, as it would keep its port.
 * @throws {StackError} `unanswered` naming what the system does not end.
 */
export async function endOrphans(processes: readonly OrphanProcess[]): Promise<void> {
  const left = (): readonly OrphanProcess[] => livingOrphans(processes);
  const deadline = performance.now() + noticeMs;
  while (left().length > 0 && performance.now() < deadline) await sleep(10);
  for (const { pid } of left()) signalProcess(pid, 'SIGKILL');
  const killed = performance.now() + killMs;
  while (left().length > 0 && performance.now() < killed) await sleep(10);
  const [stuck] = left();
  if (stuck)
    throw new StackError('unanswered', `Process ${stuck.pid} of the stack was killed and does not end.`, {
      hint: 'It probably waits for a disk or a network folder: make that answer, or start the machine anew.',
    });
}
