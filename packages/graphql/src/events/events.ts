/** The events of all sources: a worker for each that has triggers. */
import type { Pool } from '@peakstone/kernel/pg';
import type { GraphqlConfig } from '../config/types.ts';
import type { Model } from '../model/types.ts';
import { cleanWhenDue } from './cleanup.ts';
import { triggersOf } from './triggers.ts';
import { type EventWorker, startEventWorker } from './worker.ts';

export interface EventsOptions {
  readonly config: GraphqlConfig;
  model(): Model;
  pool(source: string): Pool;
  readonly onFault: (error: unknown) => void;
}

const minuteMs = 60_000;

export class Events {
  readonly #options: EventsOptions;
  readonly #workers = new Map<string, EventWorker>();
  readonly #cleaner: NodeJS.Timeout;
  #isStopped = false;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#cleaner = setInterval(() => void this.#clean(new Date()), minuteMs);
    this.#cleaner.unref();
  }

  async #clean(now: Date): Promise<void> {
    const { model, pool, onFault } = this.#options;
    for (const source of model().sources.values())
      for (const { name, cleanup_config: conf } of triggersOf(source).values())
        if (conf) await cleanWhenDue(pool(source.name), name, conf, now).catch(onFault);
  }

  /** Starts and ends workers by what the model has now. */
  update(): void {
    if (this.#isStopped || this.#options.config.events.fetchBatchSize === 0) return;
    const { sources } = this.#options.model();
    for (const [name, worker] of this.#workers) {
      if (sources.has(name)) continue;
      this.#workers.delete(name);
      void worker.stop(0);
    }
    for (const source of sources.values()) {
      if (triggersOf(source).size === 0 || this.#workers.has(source.name)) continue;
      const { config, model, pool, onFault } = this.#options;
      const { name } = source;
      this.#workers.set(
        name,
        startEventWorker({
          config,
          source: () => model().sources.get(name),
          pool: () => pool(name),
          onFault,
        }),
      );
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#cleaner);
    await Promise.all([...this.#workers.values()].map(worker => worker.stop(graceMs)));
    this.#workers.clear();
  }
}
