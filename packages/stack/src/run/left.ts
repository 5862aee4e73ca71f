import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signalProcess, startTime } from '@peakstone/kernel/process';

/** A process, so that it is not taken for another one of its id. */
export interface LeftProcess {
  readonly pid: number;
  /** When it began, as the system tells it. */
  readonly start: string;
}

/** How long one whose supervisor is gone may take to notice. */
const noticeMs = 2000;

/** What is written down of a process that runs. */
export function describeProcess(pid: number): LeftProcess {
  return { pid, start: startTime(pid) ?? '' };
}

/**
 * Ends what is left of a killed stack's processes. They end by themselves as soon as the channel to their supervisor has; one
 * that is stopped or hangs is killed, as it would keep its port.
 */
export async function endLeft(processes: readonly LeftProcess[]): Promise<void> {
  const left = (): LeftProcess[] =>
    processes.filter(({ pid, start }) => isAlive(pid) && startTime(pid) === start);
  const deadline = performance.now() + noticeMs;
  while (left().length > 0 && performance.now() < deadline) await sleep(10);
  for (const { pid } of left()) signalProcess(pid, 'SIGKILL');
  while (left().length > 0) await sleep(10);
}
