/** The service: receives WAL all the time, makes backups when they are due, tries them, and lets old ones go. */
import { connectReplication } from '@peakstone/kernel/pg';
import { pause, type Running } from '@peakstone/kernel/service';
import { holdVault, openOwnVault, RunningClaim } from './catalog/claims.ts';
import { type BackupConfig, backupSlot } from './config.ts';
import { BackupError } from './errors.ts';
import type { BackupEvent } from './events.ts';
import { type BackupState, healthOf } from './health.ts';
import { BackupJobs, type JobDeps, type Ownership } from './jobs.ts';
import { identify, parseSize, show } from './replication/commands.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/store.ts';
import type { HeldVault } from './vault.ts';
import { keepHistory, type ReceiveProgress, receiveWal } from './wal/receive.ts';

const firstRetryMs = 1000;
const maxRetryMs = 60_000;
/** What a start, or a database that restarts, may take; besides, an idle server’s store is told once in six rounds (wal/keeper.ts). */
const patienceMs = 90_000;
const rounds = 7;

/**
 * Never fails: a database or store that is away is waited for, and told in its health.
 * @param now For tests: what time it is for its health, in milliseconds, by a clock that is never put right
 */
export function startBackups(
  config: BackupConfig,
  deps: JobDeps,
  now: () => number = () => performance.now(),
): Running {
  const stopping = new AbortController();
  const store = openStore(config.place);
  const receiver = new Receiver(
    config,
    {
      ...deps,
      onEvent: event => {
        if (event.kind === 'gap' || event.kind === 'vaultLost') jobs.lost();
        deps.onEvent(event);
      },
    },
    store,
    stopping.signal,
    now,
  );
  const jobs = new BackupJobs(config, deps, store, receiver, stopping.signal);
  const working = Promise.all([receiver.run(), jobs.run()]);
  return {
    health: async () => healthOf({ ...receiver.state, ...jobs.state }, now()),
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

/** Keeps the stream alive: connects again whenever it ends. */
class Receiver implements Ownership {
  readonly #config: BackupConfig;
  readonly #deps: JobDeps;
  readonly #store: Store;
  readonly #signal: AbortSignal;
  readonly claim: RunningClaim;
  /** Once the database has been reached, while it is this stack that writes there. */
  vault: HeldVault | undefined;
  /** WAL that the server keeps for the slot at most; Infinity where it has no bound. */
  #keepBytes = Number.POSITIVE_INFINITY;
  #progress: ReceiveProgress | undefined;
  readonly #now: () => number;
  #coveredAt: number;
  #failure: string | undefined = 'it has not begun';
  #refusal: string | undefined;

  constructor(config: BackupConfig, deps: JobDeps, store: Store, signal: AbortSignal, now: () => number) {
    this.#now = now;
    this.#coveredAt = now();
    this.#config = config;
    this.#deps = deps;
    this.#store = store;
    this.#signal = signal;
    this.claim = new RunningClaim(deps.writer);
  }

  async run(): Promise<void> {
    for (let retryInMs = firstRetryMs; !this.#signal.aborted; ) {
      try {
        // While the database is away, somebody may take over: nothing may be let go then either.
        await this.vault?.assertHeld();
        const vault = await this.#open();
        this.vault = vault;
        await receiveWal({
          ...{ url: this.#deps.url, vault },
          slot: { name: backupSlot, temporary: false },
          everyMs: this.#config.walEveryMs,
          onEvent: event => this.#hear(event),
          onProgress: progress => {
            this.#follow(progress);
            retryInMs = firstRetryMs;
          },
          signal: this.#signal,
        });
      } catch (error) {
        if (this.#signal.aborted) return;
        const reason = (error as Error).message;
        this.#failure = reason;
        if (error instanceof BackupError) this.lose(error);
        this.#deps.onEvent({ kind: 'disconnected', reason, retryInMs });
        await pause(retryInMs, this.#signal);
        retryInMs = Math.min(retryInMs * 2, maxRetryMs);
      }
    }
  }

  async #open(): Promise<HeldVault> {
    const client = await connectReplication({
      url: this.#deps.url,
      name: 'peakstone backup',
      signal: this.#signal,
    });
    try {
      const bytes = parseSize(await show(client, 'max_slot_wal_keep_size'));
      this.#keepBytes = bytes < 0 ? Number.POSITIVE_INFINITY : bytes;
      const server = await identify(client);
      const opened = await openOwnVault(this.#store, this.#config.keys, server, this.#deps.writer);
      await this.claim.take(opened);
      const vault = holdVault(opened, this.claim);
      // Before anything is let go: of the timeline that the database is on, the way is known.
      await keepHistory(client, vault, server.timeline);
      return vault;
    } finally {
      client.close();
    }
  }

  /** What no waiting mends is told at once. */
  lose({ code, message, hint }: BackupError): void {
    if (code === 'FOREIGN' || code === 'AWAY') {
      // Nothing is made, removed or tried among what is another's, or where what is ours should be.
      this.vault = undefined;
      this.#refusal = `${message} ${hint}`;
    }
    if (code === 'MISSING') {
      // It is opened anew.
      this.vault = undefined;
      this.#deps.onEvent({ kind: 'vaultLost', reason: message });
    }
  }

  #hear(event: BackupEvent): void {
    // A connection is not yet a store that takes what comes; but what failed before is over.
    if (event.kind === 'receiving') {
      this.#failure = undefined;
      this.#refusal = undefined;
    }
    this.#deps.onEvent(event);
  }

  #follow(progress: ReceiveProgress): void {
    const { coveredUntil } = progress;
    if (coveredUntil && coveredUntil.getTime() !== this.#progress?.coveredUntil?.getTime())
      this.#coveredAt = this.#now();
    this.#progress = progress;
  }

  get state(): Omit<BackupState, 'failedJob' | 'lastTest' | 'clock' | 'adrift'> {
    const progress = this.#progress;
    return {
      coveredAt: this.#coveredAt,
      patienceMs: patienceMs + rounds * this.#config.walEveryMs,
      failure: this.#failure,
      refusal: this.#refusal,
      waitingBytes: progress ? Number(progress.serverEnd - progress.stored) : 0,
      keepBytes: this.#keepBytes,
    };
  }
}
