/** What ails the service of backups, of what it knows. Pure. */
import type { Health } from '@peakstone/kernel/service';

export interface BackupState {
  readonly isReceiving: boolean;
  /** Since when, in milliseconds, and why it does not receive. */
  readonly failingSince: number;
  readonly failure: string;
  /** WAL that the server has and the store does not. */
  readonly waitingBytes: number;
  /** WAL that the server keeps for the slot at most; Infinity where it has no bound. */
  readonly keepBytes: number;
  /** The job that failed last and has not succeeded since. */
  readonly failedJob: { readonly name: string; readonly reason: string } | undefined;
  /** The last test of a backup, by whomever. */
  readonly lastTest: { readonly at: string; readonly ok: boolean; readonly text: string } | undefined;
}

/** How long it may be without a connection, or a start take, before it is told as ill. */
const patienceMs = 90_000;

/** The worst of what is wrong. A restart would mend none of it. */
export function healthOf(state: BackupState, now: number): Health {
  return healthBy(ailmentOf(state, now));
}

/** Where no WAL is received. */
export function healthOfJobs(failedJob: BackupState['failedJob'], lastTest: BackupState['lastTest']): Health {
  return healthBy(ailmentOfJobs(failedJob, lastTest));
}

function healthBy(reason: string | undefined): Health {
  return reason === undefined ? { ok: true } : { ok: false, reason, elsewhere: true };
}

function ailmentOf(state: BackupState, now: number): string | undefined {
  const { waitingBytes, keepBytes, failedJob, lastTest } = state;
  if (!state.isReceiving && now - state.failingSince >= patienceMs)
    return `WAL is not being stored: ${state.failure}`;
  if (state.isReceiving && waitingBytes > keepBytes / 2)
    return `${inMegabytes(waitingBytes)} of WAL wait to be stored; the server lets go of what is more than ${inMegabytes(keepBytes)}`;
  return ailmentOfJobs(failedJob, lastTest);
}

function ailmentOfJobs(
  failedJob: BackupState['failedJob'],
  lastTest: BackupState['lastTest'],
): string | undefined {
  if (failedJob) return `${failedJob.name} failed: ${failedJob.reason}`;
  if (lastTest && !lastTest.ok) return `the backup failed its test of ${lastTest.at}: ${lastTest.text}`;
  return undefined;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
