/** The service for a database that others run: backs it up as SQL when that is due, tries backups, and lets old ones go. */
import { pause, type Running } from '@peakstone/kernel/service';
import type { Witness } from '@peakstone/kernel/witness';
import { Attempts } from '../attempts.ts';
import { holdVault, openOwnVault, RunningClaim, type Writer } from '../catalog/claims.ts';
import { describeLeap, isRecentLeap, witnessTime } from '../catalog/clock.ts';
import { readLastTest, type TestResult } from '../catalog/tests.ts';
import type { BackupConfig, BackupSchedule } from '../config.ts';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import { healthOfJobs, type JobsState } from '../health.ts';
import { isDue, startsOf } from '../jobs.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { HeldVault, Vault } from '../vault.ts';
import { type LogicalBackup, listLogicalBackups } from './backups.ts';
import { createLogicalBackup, type DumpSql } from './create.ts';
import { identifyDatabase } from './database.ts';
import { applyLogicalRetention } from './retention.ts';
import { type TestText, testLogicalBackup } from './test.ts';

export interface LogicalDeps {
  /** Of a role that may read everything. */
  readonly url: string;
  readonly dump: DumpSql;
  /** Whose backups these are. */
  readonly writer: Writer;
  /** How a backup is tested; without, none is. */
  readonly testText?: TestText;
  readonly onEvent: OnBackupEvent;
}

/** How often it is looked whether something is due. */
const lookMs = 20_000;
/** How often old backups are removed. */
const careMs = 60 * 60_000;

/** Never fails: a database or store that is away is waited for, and told in its health. */
export function startLogicalBackups(config: BackupConfig, deps: LogicalDeps): Running {
  const stopping = new AbortController();
  const jobs = new LogicalJobs(config, deps, stopping.signal);
  const working = jobs.run();
  return {
    health: async () => healthOfJobs(jobs.state),
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

/** One at a time. */
class LogicalJobs {
  readonly #config: BackupConfig;
  readonly #deps: LogicalDeps;
  readonly #store: Store;
  readonly #signal: AbortSignal;
  readonly #attempts: Attempts;
  readonly #claim: RunningClaim;
  #vault: HeldVault | undefined;
  #database = '';
  /** Why nothing may be stored there, which no waiting mends. */
  #refusal: string | undefined;
  #time: Witness | undefined;
  /** By a clock that is never put right. */
  #caredAt = Number.NEGATIVE_INFINITY;
  /** Ill until the next one succeeds, be it tested by hand. */
  #lastTest: TestResult | undefined;

  constructor(config: BackupConfig, deps: LogicalDeps, signal: AbortSignal) {
    this.#config = config;
    this.#deps = deps;
    this.#store = openStore(config.place);
    this.#signal = signal;
    this.#attempts = new Attempts(deps.onEvent, signal);
    this.#claim = new RunningClaim(deps.writer);
  }

  get state(): JobsState {
    const isNews = this.#time !== undefined && isRecentLeap(this.#time);
    return {
      refusal: this.#refusal,
      failedJob: this.#attempts.failed,
      lastTest: this.#lastTest,
      clock: isNews ? describeLeap(this.#time, this.#config.retention.days) : undefined,
    };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      // A database that is away comes back at any moment.
      await this.#attempts.try('Looking for what is due', () => this.#look(), lookMs);
      await pause(lookMs, this.#signal);
    }
  }

  async #look(): Promise<void> {
    const vault = await this.#openOurs();
    if (!vault) return;
    const { backups, schedule } = { ...(await this.#read(vault)), schedule: this.#config.schedule };
    const cares = performance.now() - this.#caredAt > careMs;
    // Before a backup is made, which would be of the time that a wrong clock says.
    if (cares || !this.#time) this.#time = await witnessTime(vault, new Date(), { backups });
    const time = this.#time;
    if (isLogicalDue(backups, schedule, new Date()))
      await this.#attempts.try('The backup', () => this.#backUp());
    if (cares) await this.#attempts.try('Removing old backups', () => this.#care(vault, time));
    // A backup takes its time, in which somebody may have taken over.
    if (await this.#openOurs()) await this.#test(vault);
  }

  /** Nothing is made, removed or tried among what is another's, or where what is ours should be. */
  async #openOurs(): Promise<HeldVault | undefined> {
    const before = this.#refusal;
    try {
      const vault = await this.#open();
      await this.#claim.take(vault);
      this.#refusal = undefined;
      return vault;
    } catch (error) {
      // What was stored is gone: it is begun anew.
      if (error instanceof BackupError && error.code === 'MISSING') this.#vault = undefined;
      if (!(error instanceof BackupError) || (error.code !== 'FOREIGN' && error.code !== 'AWAY')) throw error;
      this.#refusal = `${error.message} ${error.hint}`;
      if (before !== this.#refusal)
        this.#deps.onEvent({ kind: 'failed', what: 'The backup', reason: error.message });
      return undefined;
    }
  }

  async #open(): Promise<HeldVault> {
    if (this.#vault) return this.#vault;
    const { database, version: _version, ...cluster } = await identifyDatabase(this.#deps.url);
    this.#database = database;
    const vault = await openOwnVault(this.#store, this.#config.keys, cluster, this.#deps.writer);
    this.#vault = holdVault(vault, this.#claim);
    return this.#vault;
  }

  async #read(vault: Vault): Promise<{ readonly backups: readonly LogicalBackup[] }> {
    const { backups } = await listLogicalBackups(vault);
    this.#lastTest = await readLastTest(vault, 'logical');
    return { backups: backups.filter(({ database }) => database === this.#database) };
  }

  async #backUp(): Promise<void> {
    const { url, dump, writer, onEvent } = this.#deps;
    const { keys } = this.#config;
    await createLogicalBackup({
      ...{ url, dump, writer, onEvent, keys, store: this.#store, signal: this.#signal },
      holder: this.#claim,
    });
  }

  async #care(vault: HeldVault, time: Witness): Promise<void> {
    const backups = await applyLogicalRetention(vault, this.#config.retention, time);
    if (backups.length > 0) this.#deps.onEvent({ kind: 'removed', backups, segments: 0 });
    this.#caredAt = performance.now();
  }

  async #test(vault: Vault): Promise<void> {
    const { testText, writer, onEvent } = this.#deps;
    const { test } = this.#config.schedule;
    const { backups } = await this.#read(vault);
    const newest = backups.at(-1);
    if (!testText || !test || !newest) return;
    if (!isDue(test, [this.#lastTest?.at ?? backups[0]!.endedAt], new Date())) return;
    await this.#attempts.try('The test of a backup', async () => {
      const how = { testText, writer, onEvent, signal: this.#signal };
      this.#lastTest = await testLogicalBackup(vault, newest, how);
    });
  }
}

/** There is no incremental one: each of the two schedules makes a whole one. Pure. */
export function isLogicalDue(
  backups: readonly LogicalBackup[],
  { full, incremental }: Pick<BackupSchedule, 'full' | 'incremental'>,
  now: Date,
): boolean {
  if (backups.length === 0) return true;
  return [full, incremental].some(cron => cron !== null && isDue(cron, startsOf(backups), now));
}
