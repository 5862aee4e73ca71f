import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DatabaseError, DatabaseErrorCode, Server, StartOptions } from '../src/index.ts';
import { startServer } from '../src/index.ts';

/** A temporary folder that the server's user can enter. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-db-'));
  chmodSync(folder, 0o711);
  return folder;
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Options of a small server on any free port. */
export function options(dataDir: string, more: Partial<StartOptions> = {}): StartOptions {
  return {
    dataDir,
    binaries: 'embedded',
    superuser: 'postgres',
    database: 'postgres',
    port: { port: 0, fixed: false },
    machine: { memoryBytes: 512 * 1024 * 1024, cpus: 1 },
    ...more,
  };
}

export function start(dataDir: string, more: Partial<StartOptions> = {}): Promise<Server> {
  return startServer(options(dataDir, more), new AbortController().signal);
}

/** For `assert.rejects`: that code, and a hint that says what to do. */
export function failsWith(code: DatabaseErrorCode, message?: RegExp) {
  return (error: DatabaseError) => {
    if (error.code !== code || error.hint === '' || !(message ?? /./).test(error.message)) throw error;
    return true;
  };
}

export interface NodeRun {
  readonly child: ChildProcess;
  /** The first line of output that starts so. */
  line(prefix: string): Promise<string>;
  readonly finished: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Runs another Node, for what must happen in a process of its own. */
export function spawnNode(
  args: readonly string[],
  spawnOptions: { uid?: number; gid?: number } = {},
): NodeRun {
  const child = spawn(process.execPath, ['--no-warnings', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...spawnOptions,
  });
  let output = '';
  let errors = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', chunk => {
    output += chunk;
    for (const check of waiting) check();
  });
  child.stderr.on('data', chunk => {
    errors += chunk;
  });
  const finished = new Promise<{ code: number | null; output: string }>(resolve => {
    child.on('close', code => resolve({ code, output: code === 0 ? output : output + errors }));
  });
  return {
    child,
    finished,
    line: prefix =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = output
            .split('\n')
            .slice(0, -1)
            .find(line => line.startsWith(prefix));
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        finished.then(() => reject(new Error(`ended without ${prefix}: ${output}${errors}`)));
        check();
      }),
  };
}

/** A file system of a few megabytes, or the reason why there can be none here. */
export function smallDisk(folder: string, megabytes: number): { unmount(): void } | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'mounting a small disk needs root on Linux';
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'none', folder]);
  if (mounted.status !== 0) return `this environment cannot mount: ${mounted.stderr}`;
  return {
    unmount: () => {
      spawnSync('umount', ['-l', folder]);
    },
  };
}
