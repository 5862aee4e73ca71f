/** The service as a process of its own, for signals, exit codes and standard streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('./rest.ts', import.meta.url));
/** However busy the machine is, nothing takes so long unless it hangs. */
const timeoutMs = 60_000;

export interface RestProcess {
  readonly child: ChildProcess;
  readonly out: string;
  readonly err: string;
  /** Settles when standard error holds the pattern. */
  untilLogged(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit code; ends the process first when a signal is given. */
  exit(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface SpawnOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
}

/** Environment variables of the tests' own run do not leak into the process, except what node itself needs. */
export function spawnRest({ args = [], env = {}, stdin }: SpawnOptions): RestProcess {
  const child = spawn(process.execPath, [entry, ...args], {
    // The runner knows its own by the second one, should this process be killed.
    env: { PATH: process.env.PATH ?? '', PEAKSTONE_TEST_FILE: process.env.PEAKSTONE_TEST_FILE ?? '', ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  let out = '';
  let err = '';
  const watchers = new Set<() => void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const watch of watchers) watch();
  });
  const closed = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    untilLogged(pattern) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => finish(null), timeoutMs);
        const finish = (match: RegExpExecArray | null): void => {
          clearTimeout(timer);
          watchers.delete(watch);
          if (match) resolve(match);
          else reject(new Error(`${pattern} was not logged; standard error holds:\n${err}`));
        };
        const watch = (): void => {
          const match = pattern.exec(err);
          if (match) finish(match);
        };
        watchers.add(watch);
        void closed.then(() => finish(pattern.exec(err)));
        watch();
      });
    },
    async exit(signal) {
      if (signal) child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      try {
        return await closed;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
