/** What is done from time to time: backups, retention, the look for gaps, the test of a backup. */
import { CLOCK_CORRECTION_MS } from '@peakstone/kernel/cron';
import { pause } from '@peakstone/kernel/service';
import type { Witness } from '@peakstone/kernel/witness';
import { Attempts } from './attempts.ts';
import type { Backup } from './catalog/backups.ts';
import type { Holder, Writer } from './catalog/claims.ts';
import { describeLeap, isRecentLeap, witnessTime } from './catalog/clock.ts';
import { readLastTest, type TestResult } from './catalog/tests.ts';
import { type BackupConfig, backupSlot } from './config.ts';
import { createBackup } from './create.ts';
import type { Cron } from './cron.ts';
import { BackupError } from './errors.ts';
import type { OnBackupEvent } from './events.ts';
import type { BackupState } from './health.ts';
import { type Contents, readContents } from './restore/contents.ts';
import type { Owner } from './restore/owner.ts';
import { whyNoneLeadsToNow } from './restore/plan.ts';
import type { StartRestored } from './restore/recovery.ts';
import { applyRetention } from './retention.ts';
import type { Store } from './store/store.ts';
import { type TestOptions, testBackup } from './testRestore.ts';
import type { HeldVault } from './vault.ts';

export interface JobDeps {
  /** Of a role with REPLICATION. */
  readonly url: string;
  readonly onEvent: OnBackupEvent;
  /** Whose backups these are. */
  readonly writer: Writer;
  /** How a backup is tested; without, none is. */
  readonly machine?: TestMachine;
}

/** What a test of a backup needs of the machine. */
export interface TestMachine {
  readonly start: StartRestored;
  readonly guard: NonNullable<TestOptions['guard']>;
  readonly owner: Owner | undefined;
  /** The name of a folder that does not exist yet. */
  scratch(): string;
}

/** Where backups go, as long as they may. */
export interface Ownership {
  /** Undefined while nothing may be written there. */
  readonly vault: HeldVault | undefined;
  readonly claim: Holder;
  /** It was found to be in other hands, or gone. */
  lose(reason: BackupError): void;
}

/** How often it is looked whether something is due. */
const lookMs = 20_000;
/** A test that has not ended by then will not: the jobs behind it wait. */
const testLimitMs = 24 * 60 * 60_000;
/** How often it is looked for gaps, and old backups removed. */
const careMs = 10 * 60_000;

/** One at a time. */
export class BackupJobs {
  readonly #config: BackupConfig;
  readonly #deps: JobDeps;
  readonly #store: Store;
  readonly #ours: Ownership;
  readonly #signal: AbortSignal;
  readonly #attempts: Attempts;
  #contents: Contents | undefined;
  /** Why the newest state cannot be restored, by the contents. */
  #adrift: string | undefined;
  /** With the contents. */
  #time: Witness | undefined;
  /** Ill until the next one succeeds, be it tested by hand. */
  #lastTest: TestResult | undefined;
  /** By a clock that is never put right. */
  #readAt = Number.NEGATIVE_INFINITY;
  #caredAt = Number.NEGATIVE_INFINITY;
  #hasGap = false;

  constructor(config: BackupConfig, deps: JobDeps, store: Store, ours: Ownership, signal: AbortSignal) {
    this.#config = config;
    this.#deps = deps;
    this.#store = store;
    this.#ours = ours;
    this.#signal = signal;
    this.#attempts = new Attempts(deps.onEvent, signal);
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const { vault } = this.#ours;
      if (vault) await this.#look(vault);
      // The first look waits for the database alone.
      await pause(vault ? lookMs : 500, this.#signal);
    }
  }

  get state(): Pick<BackupState, 'failedJob' | 'lastTest' | 'clock' | 'adrift'> {
    const isNews = this.#time !== undefined && isRecentLeap(this.#time);
    const clock = isNews ? describeLeap(this.#time, this.#config.retention.days) : undefined;
    return { failedJob: this.#attempts.failed, lastTest: this.#lastTest, clock, adrift: this.#adrift };
  }

  async #look(vault: HeldVault): Promise<void> {
    if (!(await this.#isHeld(vault))) return;
    // At each look, as somebody may have tested by hand. A store that is back is read at the next one.
    const readTest = async (): Promise<void> => {
      this.#lastTest = await readLastTest(vault);
    };
    await this.#attempts.try('Reading what the last test of a backup found', readTest, lookMs);
    if (performance.now() - this.#readAt > careMs)
      await this.#attempts.try('Reading the backup store', () => this.#read(vault), lookMs);
    const time = this.#time;
    if (!this.#contents || !time) return;
    const due = this.#hasGap ? 'full' : dueBackup(this.#contents, this.#config.schedule, new Date());
    if (due)
      await this.#attempts.try('The backup', async () => {
        await this.#backUp(due);
        this.#hasGap = false;
        this.#readAt = Number.NEGATIVE_INFINITY;
      });
    // A backup takes its time, in which somebody may have taken over.
    if (due && !(await this.#isHeld(vault))) return;
    // Each time it was read, and after each backup.
    if (this.#caredAt < this.#readAt || due)
      await this.#attempts.try('Removing old backups', async () => {
        const removed = await applyRetention(vault, this.#config.retention, time);
        this.#caredAt = performance.now();
        if (removed.backups.length + removed.segments === 0) return;
        this.#deps.onEvent({ kind: 'removed', ...removed });
        // What is left is looked at, at once.
        this.#readAt = Number.NEGATIVE_INFINITY;
      });
    await this.#test(vault, this.#contents.backups);
  }

  /** Nothing is made, removed or tried among what is another's, or where what is ours should be. */
  async #isHeld(vault: HeldVault): Promise<boolean> {
    let isHeld = false;
    const look = async (): Promise<void> => {
      try {
        await vault.assertHeld();
        isHeld = true;
      } catch (error) {
        if (!(error instanceof BackupError) || !['FOREIGN', 'AWAY', 'MISSING'].includes(error.code))
          throw error;
        this.#ours.lose(error);
      }
    };
    await this.#attempts.try('Looking whose the backups are', look, lookMs);
    return isHeld;
  }

  /** Looks into the store anew, gaps in the WAL included. */
  async #read(vault: HeldVault): Promise<void> {
    this.#contents = await readContents(vault);
    // Before the first one there is nothing that is not as it should be.
    this.#adrift = this.#contents.backups.length > 0 ? whyNoneLeadsToNow(this.#contents)?.message : undefined;
    // Before a backup is made, which would be of the time that a wrong clock says.
    this.#time = await witnessTime(vault, new Date(), this.#contents);
    this.#readAt = performance.now();
  }

  /** WAL was lost: nothing behind the gap can be restored before there is a full backup. */
  lost(): void {
    this.#hasGap = true;
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  async #backUp(kind: 'full' | 'auto'): Promise<void> {
    const options = {
      ...{ url: this.#deps.url, store: this.#store, keys: this.#config.keys, slot: backupSlot },
      ...{
        writer: this.#deps.writer,
        holder: this.#ours.claim,
        onEvent: this.#deps.onEvent,
        signal: this.#signal,
      },
    };
    try {
      await createBackup({ ...options, kind });
    } catch (error) {
      // The server's summaries do not reach back to the last one: everything is copied instead.
      if (kind !== 'auto' || !(error instanceof BackupError) || error.code !== 'SERVER') throw error;
      await createBackup({ ...options, kind: 'full' });
    }
  }

  async #test(vault: HeldVault, backups: readonly Backup[]): Promise<void> {
    const { machine, writer, onEvent } = this.#deps;
    const { test } = this.#config.schedule;
    if (!machine || !test || backups.length === 0) return;
    if (!isDue(test, [this.#lastTest?.at ?? backups[0]!.endedAt], new Date())) return;
    await this.#attempts.try('The test of a backup', async () => {
      const scratch = machine.scratch();
      const limit = new AbortController();
      const timer = setTimeout(
        () =>
          limit.abort(
            new BackupError(
              'RECOVERY',
              'It did not end within a day.',
              'Try it by hand: peakstone backup test',
            ),
          ),
        testLimitMs,
      ).unref();
      const signal = AbortSignal.any([this.#signal, limit.signal]);
      try {
        this.#lastTest = await testBackup({ ...machine, vault, scratch, writer, onEvent, signal });
      } finally {
        clearTimeout(timer);
      }
    });
  }
}

/** A full one where there is none that leads to now, be it that WAL is missing. Pure. */
export function dueBackup(
  contents: Contents,
  { full, incremental }: { readonly full: Cron | null; readonly incremental: Cron | null },
  now: Date,
): 'full' | 'auto' | undefined {
  if (whyNoneLeadsToNow(contents)) return 'full';
  const fulls = contents.backups.filter(({ kind }) => kind === 'full');
  if (full && isDue(full, startsOf(fulls), now)) return 'full';
  return incremental && isDue(incremental, startsOf(contents.backups), now) ? 'auto' : undefined;
}

/** Pure. */
export function startsOf(backups: readonly { readonly startedAt: string }[]): readonly string[] {
  return backups.map(({ startedAt }) => startedAt);
}

/**
 * Whether it was to be done after the last time that it was. What was done hours from now was done by a clock that has been
 * put right since, and says nothing. Pure.
 */
export function isDue(cron: Cron, done: readonly string[], now: Date): boolean {
  const times = done.map(at => Date.parse(at)).filter(at => at - now.getTime() <= CLOCK_CORRECTION_MS);
  return cron.previous(now).getTime() > Math.max(...times);
}
