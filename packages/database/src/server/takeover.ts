import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive, isTaken, signalProcess, startTime } from '@peakstone/kernel/process';
import { DatabaseError, systemCode } from '../errors.ts';
import { processesIn, waitFor, worksIn } from '../host/processes.ts';
import type { RunUser } from '../host/user.ts';
import { type LockFile, readLockFile, stopPostmaster } from './postmaster.ts';
import { writeFileDurably } from './run.ts';

/** Which of our processes runs a data folder. Kept in it, so that it moves along. */
interface RunRecord {
  readonly ownerPid: number;
  readonly ownerStart: string;
  readonly dataDir: string;
}

const RECORD = 'peakstone_run.json';

/** Says, before the server is started, that this process is its owner. */
export function recordOwner(dataDir: string, user: RunUser): void {
  const record: RunRecord = {
    ownerPid: process.pid,
    ownerStart: startTime(process.pid) ?? '',
    dataDir: realpathSync(dataDir),
  };
  writeFileDurably(path.join(dataDir, RECORD), `${JSON.stringify(record)}\n`, 0o600, user);
}

/**
 * Makes a data folder free to start on: stops a server whose owner was killed, ends backends whose server was, and
 * removes a lock file whose process id now belongs to some other program.
 * @throws {DatabaseError} IN_USE when a living owner, or somebody else's server, works in it.
 */
export async function freeDataFolder(folder: string, notice: (text: string) => void): Promise<void> {
  const dataDir = realpathSync(folder);
  const lock = readLockFile(dataDir);
  if (lock === undefined) return;
  if (isAlive(lock.pid) && worksIn(lock.pid, dataDir)) {
    assertOrphaned(dataDir, lock.pid);
    notice(`Stopping PostgreSQL (process ${lock.pid}), which a killed PeakStone left running.`);
    await stopPostmaster(lock.pid, 30_000);
    // It took its lock with it, unless it was being killed.
    if (readLockFile(dataDir)?.pid !== lock.pid) return;
  }
  await endBackends(dataDir, notice);
  // PostgreSQL clears a dead server's lock itself, but takes whatever has that id now for the server, even the dead
  // server's zombie, which stays where nobody collects orphans (containers without an init).
  if (isTaken(lock.pid) && process.platform === 'linux') {
    rmSync(path.join(dataDir, 'postmaster.pid'), { force: true });
    removeSocketLock(lock);
  }
}

/** The dead server's lock on its socket, which PostgreSQL judges by the same id; only where it says that it is this server's. */
function removeSocketLock({ pid, dataDir, socketDir, port }: LockFile): void {
  const file = path.join(socketDir, `.s.PGSQL.${port}.lock`);
  if (socketDir === '' || !existsSync(file)) return;
  const [owner, folder] = readFileSync(file, 'utf8').split('\n');
  if (Number(owner) === pid && folder === dataDir) rmSync(file, { force: true });
}

function assertOrphaned(dataDir: string, pid: number): void {
  const record = readRecord(dataDir);
  if (record === undefined || record.dataDir !== dataDir) {
    throw new DatabaseError(
      'IN_USE',
      `A PostgreSQL server that PeakStone did not start (process ${pid}) is using ${dataDir}.`,
      'Stop it (pg_ctl stop), or give its URL in DATABASE_ENGINE.',
    );
  }
  if (hasLivingOwner(dataDir)) {
    throw new DatabaseError(
      'IN_USE',
      `PeakStone is already running on ${dataDir} (process ${record.ownerPid}).`,
      `Use it, or stop it where it was started: peakstone down. Where that finds no stack: kill ${record.ownerPid}`,
    );
  }
}

/** Whether a PeakStone that lives runs a server in the folder. */
export function hasLivingOwner(dataDir: string): boolean {
  const record = readRecord(dataDir);
  return record !== undefined && isAlive(record.ownerPid) && startTime(record.ownerPid) === record.ownerStart;
}

/**
 * Backends of a killed server notice only when they next wait. While one lives, shared memory is in use and a start
 * would be refused, or, were the lock file removed, would corrupt the data.
 */
async function endBackends(dataDir: string, notice: (text: string) => void): Promise<void> {
  const left = () => processesIn(dataDir);
  if (left().length === 0) return;
  notice('Ending what is left of a killed PostgreSQL.');
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
    for (const pid of left()) signalProcess(pid, signal);
    if (await waitFor(() => left().length === 0, 2_000)) return;
  }
  throw new DatabaseError(
    'IN_USE',
    `Processes ${left().join(', ')} of a killed PostgreSQL still use ${dataDir}.`,
    'They hang in the operating system; a disk that does not answer can cause this. Restart the machine.',
  );
}

function readRecord(dataDir: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(path.join(dataDir, RECORD), 'utf8')) as RunRecord;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
