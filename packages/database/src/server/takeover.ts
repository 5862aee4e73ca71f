import { lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isAlive, isTaken, parentOf, startTime } from '@peakstone/kernel/process';
import { DatabaseError } from '../errors.ts';
import { scriptAs, signalAs } from '../host/asUser.ts';
import { processesIn, waitFor, worksIn } from '../host/processes.ts';
import { type RunUser, resolveRunUser } from '../host/user.ts';
import { ownerOf } from './folder.ts';
import { type LockFile, readLockFile, stopPostmaster } from './postmaster.ts';
import { readServerFile } from './serverFile.ts';

/** Which of our processes runs a data folder. Kept in it, so that it moves along. */
interface RunRecord {
  readonly ownerPid: number;
  readonly ownerStart: string;
  readonly dataDir: string;
}

export const RECORD = 'peakstone_run.json';

/** PostgreSQL's own, in the data folder. */
const LOCK = 'postmaster.pid';

/** What says, before the server is started, that this process is its owner. */
export function ownerRecord(dataDir: string): string {
  const record: RunRecord = {
    ownerPid: process.pid,
    ownerStart: startTime(process.pid) ?? '',
    dataDir: realpathSync(dataDir),
  };
  return `${JSON.stringify(record)}\n`;
}

/** A server that a PeakStone which was killed has left running. */
export interface Orphan {
  readonly pid: number;
  readonly port: number;
}

/** The one that works in the folder; null where none does, its owner lives, or it is somebody else's. */
export function findOrphan(folder: string): Orphan | null {
  const dataDir = realpathSync(folder);
  const lock = readLockFile(dataDir);
  if (lock === undefined || !isAlive(lock.pid) || !worksIn(lock.pid, dataDir)) return null;
  const isOurs = readRecord(dataDir)?.dataDir === dataDir && !hasLivingOwner(dataDir);
  return isOurs ? { pid: lock.pid, port: lock.port } : null;
}

/**
 * Makes a data folder free to start on: stops a server whose owner was killed, ends backends whose server was, and
 * removes a lock file whose process id now belongs to some other program.
 * @throws {DatabaseError} IN_USE when a living owner, or somebody else's server, works in it.
 */
export async function freeDataFolder(folder: string, notice: (text: string) => void): Promise<void> {
  const dataDir = realpathSync(folder);
  const lock = readLockFile(dataDir);
  const isEmpty = lock === undefined && isEmptyLock(dataDir);
  if (lock === undefined && !isEmpty) return;
  const user = resolveRunUser(ownerOf(dataDir), () => {});
  const send = (pid: number, signal: NodeJS.Signals) => signalAs(user, pid, signal);
  if (lock === undefined) {
    await removeEmptyLock(user, dataDir, send, notice);
    return;
  }
  if (isAlive(lock.pid) && worksIn(lock.pid, dataDir)) {
    assertOrphaned(dataDir, lock.pid);
    notice(`Stopping PostgreSQL (process ${lock.pid}), which a killed PeakStone left running.`);
    await stopPostmaster(lock.pid, 30_000, send);
    // It took its lock with it, unless it was being killed.
    if (readLockFile(dataDir)?.pid !== lock.pid) return;
  }
  await endBackends(dataDir, send, notice);
  // PostgreSQL clears a dead server's lock itself, but takes whatever has that id now for the server, even the dead
  // server's zombie, which stays where nobody collects orphans (containers without an init).
  if (isTaken(lock.pid) && process.platform === 'linux') await removeLocks(user, dataDir, lock);
}

/** A server writes its id right after it has made the file; a loss of power may keep the one and not the other. */
function isEmptyLock(dataDir: string): boolean {
  const found = lstatSync(path.join(dataDir, LOCK), { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === 0;
}

/** PostgreSQL starts on no such file, as one that is being written looks the same: here it is known who works in the folder. */
async function removeEmptyLock(
  user: RunUser,
  dataDir: string,
  send: (pid: number, signal: NodeJS.Signals) => Promise<void>,
  notice: (text: string) => void,
): Promise<void> {
  // Elsewhere nobody can tell, and PostgreSQL's refusal says what to do.
  if (process.platform !== 'linux') return;
  const [pid] = processesIn(dataDir);
  if (pid !== undefined) assertOrphaned(dataDir, pid);
  await endBackends(dataDir, send, notice);
  await scriptAs(user, 'rm -f -- "$1"', [path.join(dataDir, LOCK)]);
  notice(`Removed ${LOCK}, which was empty, as after a loss of power: no server works in ${dataDir}.`);
}

/** The dead server's lock, and that on its socket, which PostgreSQL judges by the same id, where it says that it is this server's. */
async function removeLocks(user: RunUser, dataDir: string, lock: LockFile): Promise<void> {
  const script = `
rm -f -- "$1/${LOCK}"
if [ "$(sed -n 1p "$2" 2>/dev/null)" = "$3" ] && [ "$(sed -n 2p "$2")" = "$1" ]; then rm -f -- "$2"; fi`;
  const socketLock = path.join(lock.socketDir, `.s.PGSQL.${lock.port}.lock`);
  await scriptAs(user, script, [dataDir, socketLock, String(lock.pid)]);
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
      `Use it, or stop it where it was started: peakstone down.${unlessForged(pid, record.ownerPid)}`,
    );
  }
}

/** The record is the word of the server's user, who may name anybody's process for root to end; who started the server is the system's. */
function unlessForged(serverPid: number, ownerPid: number): string {
  return parentOf(serverPid) === ownerPid ? ` Where that finds no stack: kill ${ownerPid}` : '';
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
async function endBackends(
  dataDir: string,
  send: (pid: number, signal: NodeJS.Signals) => Promise<void>,
  notice: (text: string) => void,
): Promise<void> {
  const left = () => processesIn(dataDir);
  if (left().length === 0) return;
  notice('Ending what is left of a killed PostgreSQL.');
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
    for (const pid of left()) await send(pid, signal);
    if (await waitFor(() => left().length === 0, 2_000)) return;
  }
  throw new DatabaseError(
    'IN_USE',
    `Processes ${left().join(', ')} of a killed PostgreSQL still use ${dataDir}.`,
    'They hang in the operating system; a disk that does not answer can cause this. Restart the machine.',
  );
}

/** Undefined as well where the server's user has written something else. */
function readRecord(dataDir: string): RunRecord | undefined {
  const text = readServerFile(dataDir, RECORD);
  if (text === undefined) return undefined;
  try {
    const { ownerPid, ownerStart, dataDir } = Object(JSON.parse(text)) as Partial<RunRecord>;
    if (!Number.isSafeInteger(ownerPid)) return undefined;
    return { ownerPid: ownerPid as number, ownerStart: String(ownerStart), dataDir: String(dataDir) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
