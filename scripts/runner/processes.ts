/** Finds what test files have started, however far from them it runs: the environment is handed down. Linux alone can tell. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Names run and test file in the environment of the file's process, and so of all that descend from it. */
const MARK = 'PEAKSTONE_TEST_FILE';
/** Other runs of the same checkout must not be ended by this one. */
const RUN = randomUUID();

/** What the environment of a test file's process has to hold. */
export function markOf(file: string): Readonly<Record<string, string>> {
  return { [MARK]: `${RUN} ${file}` };
}

export interface MarkedProcess {
  readonly pid: number;
  readonly file: string;
  readonly command: string;
}

/** Of one test file, or of any file of this run; none where the system does not tell. */
export function processesMarked(files: string | ReadonlySet<string>): MarkedProcess[] {
  if (process.platform !== 'linux') return [];
  const isMeant = (file: string) => (typeof files === 'string' ? file === files : files.has(file));
  const prefix = `${MARK}=${RUN} `;
  return readdirSync('/proc').flatMap(name => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const file = read(pid, 'environ')
      .find(entry => entry.startsWith(prefix))
      ?.slice(prefix.length);
    return file !== undefined && isMeant(file)
      ? [{ pid, file, command: read(pid, 'cmdline').join(' ').trim() }]
      : [];
  });
}

/** Kills them, and waits until they are gone. */
export async function killProcesses(processes: readonly MarkedProcess[]): Promise<void> {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // Ended by itself meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  for (let tries = 0; tries < 100 && processes.some(({ pid }) => isRunning(pid)); tries++) await sleep(50);
}

/** Not of one that is gone, nor of one that is dead and only waits for somebody to collect it. */
export function isRunning(pid: number): boolean {
  return read(pid, 'cmdline').some(word => word !== '');
}

/** Entries that end with a zero byte; none of a process that is gone, or another user's. */
function read(pid: number, what: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8').split('\0');
  } catch {
    // It has ended, or is not ours to look at: either way there is nothing to do about it.
    return [];
  }
}
