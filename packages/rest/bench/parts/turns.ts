/**
 * Loaded before a service, writes down the longest turn of its event loop, in milliseconds of its thread's own processor
 * time: other than latencies that is what the service itself keeps others waiting for, on however busy a machine. Ends when
 * the folder of the file is removed, as looking so often is no rest.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Not yet in the types. @see https://nodejs.org/api/process.html#processthreadcpuusagepreviousvalue */
const { threadCpuUsage } = process as unknown as { threadCpuUsage(): NodeJS.CpuUsage };

const path = process.env.BENCH_TURNS;
if (path) {
  const spentMs = (): number => {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = spentMs();
  let longest = 0;
  const turn = (): void => {
    const now = spentMs();
    const isTaken = !existsSync(path);
    if (isTaken && !existsSync(dirname(path))) return;
    if (isTaken || now - last > longest) {
      longest = now - last;
      writeFileSync(path, longest.toFixed(1));
    }
    last = spentMs();
    setTimeout(turn, 1).unref();
  };
  turn();
}

/** The longest turn since the last time that somebody asked. */
export function takeLongestTurn(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(file, { force: true });
  return text;
}
