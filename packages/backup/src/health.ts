/** What ails the service of backups, of what it knows. Pure. */
import type { Health } from '@peakstone/kernel/service';
import { describeFailedTest, type TestResult } from './catalog/tests.ts';

export interface BackupState {
  /** When the store last had everything that the server had by then, in milliseconds. */
  readonly coveredAt: number;
  /** How much later that may be before something is wrong. */
  readonly patienceMs: number;
  /** Why it is not so now, where that is known. */
  readonly failure: string | undefined;
  /** Why nothing may be stored there, which no waiting mends. */
  readonly refusal?: string | undefined;
  /** WAL that the server has and the store does not. */
  readonly waitingBytes: number;
  /** WAL that the server keeps for the slot at most; Infinity where it has no bound. */
  readonly keepBytes: number;
  /** The job that failed last and has not succeeded since. */
  readonly failedJob: { readonly name: string; readonly reason: string } | undefined;
  /** The last test of a backup, by whomever. */
  readonly lastTest: Pick<TestResult, 'at' | 'ok' | 'text' | 'backup'> | undefined;
  /** What a clock that has jumped lets nothing go by. */
  readonly clock?: string | undefined;
  /** Why nothing that is stored leads to the database as it is now. */
  readonly adrift?: string | undefined;
}

/** The worst of what is wrong. A restart would mend none of it. */
export function healthOf(state: BackupState, now: number): Health {
  return healthBy(ailmentOf(state, now));
}

/** Where no WAL is received. */
export function healthOfJobs(state: JobsState): Health {
  return healthBy(state.refusal === undefined ? ailmentOfJobs(state) : `No backup is made: ${state.refusal}`);
}

export type JobsState = Pick<BackupState, 'refusal' | 'failedJob' | 'lastTest' | 'clock' | 'adrift'>;

function healthBy(reason: string | undefined): Health {
  return reason === undefined ? { ok: true } : { ok: false, reason, elsewhere: true };
}

function ailmentOf(state: BackupState, now: number): string | undefined {
  const { coveredAt, patienceMs, failure, waitingBytes, keepBytes } = state;
  if (state.refusal !== undefined) return `No WAL is stored: ${state.refusal}`;
  const lateMs = now - coveredAt;
  if (lateMs >= patienceMs)
    return `WAL has not been stored for ${Math.round(lateMs / 1000)} s: ${failure ?? 'the store takes nothing, and does not say why'}`;
  if (waitingBytes > keepBytes / 2)
    return `${inMegabytes(waitingBytes)} of WAL wait to be stored; the server lets go of what is more than ${inMegabytes(keepBytes)}`;
  return ailmentOfJobs(state);
}

function ailmentOfJobs({ failedJob, lastTest, clock, adrift }: JobsState): string | undefined {
  if (failedJob) return `${failedJob.name} failed: ${failedJob.reason}`;
  if (adrift !== undefined)
    return `the newest state cannot be restored until a full backup is made: ${adrift}`;
  if (lastTest && !lastTest.ok) return describeFailedTest(lastTest);
  return clock;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
