import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signalProcess } from '@peakstone/kernel/process';
import { DatabaseError } from '../errors.ts';
import { serverEnvironment } from '../host/asUser.ts';
import { waitFor } from '../host/processes.ts';
import { type RunUser, spawnIdentity } from '../host/user.ts';
import { explainFailure, lastWords } from './failure.ts';
import { readServerFile } from './serverFile.ts';

/** A running `postgres` that we started. */
export interface Postmaster {
  readonly pid: number;
  /** Settles once, with how it ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** The newest lines of its log, oldest first. */
  readonly recentLog: readonly string[];
}

export interface PostmasterOptions {
  readonly postgres: string;
  readonly dataDir: string;
  /** On its command line. */
  readonly settings: Readonly<Record<string, string>>;
  readonly user: RunUser;
  /** What one of its processes may take beside the memory that they share; 0 for any. What would need more fails alone (53200). */
  readonly processMemoryBytes: number;
  /** Each line that the server logs. */
  readonly onLog: (line: string) => void;
}

const RECENT_LINES = 200;

/** As the server it becomes has no such setting. A limit that is lower already stays. */
const limited = 'ulimit -d "$1" 2>/dev/null; shift; exec "$@"';

/**
 * Starts the server in a session of its own: Ctrl-C in the terminal must reach only us, so that clients are drained
 * before the database goes.
 */
export async function spawnPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [options.postgres, '-D', options.dataDir, ...settings];
  const limit = options.processMemoryBytes;
  const [program, ...argv] =
    limit > 0 ? ['/bin/sh', '-c', limited, 'postgres', String(Math.ceil(limit / 1024)), ...command] : command;
  const child = spawn(program!, argv, {
    cwd: '/',
    detached: true,
    env: serverEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...spawnIdentity(options.user),
  });
  const recentLog: string[] = [];
  createInterface({ input: child.stderr }).on('line', line => {
    if (recentLog.length >= RECENT_LINES) recentLog.shift();
    recentLog.push(line);
    options.onLog(line);
  });
  // Not `exit`: the last lines say why.
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve => {
    child.on('exit', (code, signal) => {
      // Orphaned children may hold the pipe open; they get this long to finish their last words.
      Promise.race([new Promise(closed => child.stderr.once('close', closed)), sleep(200)]).then(() =>
        resolve({ code, signal }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', error =>
      reject(
        new DatabaseError(
          'START_FAILED',
          `${options.postgres} cannot be run: ${error.message}`,
          'Install PostgreSQL 17 anew, or set DATABASE_ENGINE=embedded.',
          error,
        ),
      ),
    );
  });
  return { pid: child.pid as number, exited, recentLog };
}

/** What a server writes into its lock file. @see https://www.postgresql.org/docs/17/storage-file-layout.html */
export interface LockFile {
  readonly pid: number;
  readonly dataDir: string;
  readonly port: number;
  readonly socketDir: string;
  /** `starting`, `stopping`, `ready` or `standby`; empty until it is written. */
  readonly status: string;
}

/** Reads `postmaster.pid`; undefined when there is none or it is not written yet. The server's user may have written anything. */
export function readLockFile(dataDir: string): LockFile | undefined {
  const text = readServerFile(dataDir, 'postmaster.pid');
  if (text === undefined) return undefined;
  const [pid, folder, , port, socketDir, , , status] = text.split('\n');
  // A stand-alone backend writes its id negated.
  const number = Math.abs(Number(pid));
  if (!Number.isSafeInteger(number) || number === 0) return undefined;
  return {
    pid: number,
    dataDir: folder ?? '',
    port: Number(port ?? 0),
    socketDir: socketDir ?? '',
    status: status?.trim() ?? '',
  };
}

/**
 * Waits until the server accepts connections, however long crash recovery takes, up to `timeoutMs`.
 * @throws {DatabaseError} why it did not start; it is stopped then.
 */
export async function waitUntilReady(
  postmaster: Postmaster,
  dataDir: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let ended: { code: number | null } | undefined;
  postmaster.exited.then(how => {
    ended = how;
  });
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (ended !== undefined) throw explainFailure(postmaster.recentLog, dataDir, ended.code);
    const lock = readLockFile(dataDir);
    // `standby` takes no connections: it is a server that recovers with hot_standby=off, and ready once it has.
    if (lock?.pid === postmaster.pid && lock.status === 'ready') return;
    if (signal.aborted || performance.now() > deadline) {
      await stopPostmaster(postmaster.pid, 5_000);
      signal.throwIfAborted();
      throw new DatabaseError(
        'START_FAILED',
        `PostgreSQL was not ready within ${timeoutMs / 1000} s.`,
        `Recovery after a crash goes on where it stopped. ${lastWords(postmaster.recentLog)}`,
        new Error(postmaster.recentLog.join('\n')),
      );
    }
    await sleep(5);
  }
}

/**
 * Fast shutdown: open transactions are rolled back, connections closed, a checkpoint written. When that takes longer
 * than `graceMs`, immediate shutdown, after which the next start recovers from the WAL: nothing committed is lost.
 * @param send how it is told; by default as this process, whose child it then is
 * @throws {DatabaseError} STOP_FAILED when it survives both.
 */
export async function stopPostmaster(
  pid: number,
  graceMs: number,
  send: (pid: number, signal: NodeJS.Signals) => unknown = signalProcess,
): Promise<void> {
  const gone = () => !isAlive(pid);
  for (const [signal, waitMs] of [
    ['SIGINT', graceMs],
    ['SIGQUIT', 10_000],
  ] as const) {
    await send(pid, signal);
    if (await waitFor(gone, waitMs)) return;
  }
  throw new DatabaseError(
    'STOP_FAILED',
    `PostgreSQL (process ${pid}) does not stop.`,
    `A disk that does not answer can cause this. As a last resort: kill -9 ${pid}`,
  );
}
