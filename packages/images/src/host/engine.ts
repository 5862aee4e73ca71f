/** What draws pictures: an engine for all, and one apart for those under which it ended. */
import type { EngineMemory } from '../engine/protocol.ts';
import type { Job } from '../engine/types.ts';
import { type Drawn, EngineCrash, type EngineOptions, EngineProcess } from './engineProcess.ts';

export class Engine {
  readonly #common: EngineProcess;
  readonly #apart: EngineProcess;
  /** Those apart are drawn one by one, so that whoever ends the process ends nobody else's picture. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#common = new EngineProcess(options);
    this.#apart = new EngineProcess({ ...options, threads: 1, idleMs: 5000 });
  }

  /** Of the process that works for all; undefined while there is none. */
  get pid(): number | undefined {
    return this.#common.pid;
  }

  get memory(): EngineMemory {
    return this.#common.memory;
  }

  /** @throws {ImagesError} @throws the signal's reason */
  async run(job: Job, data: Buffer, signal: AbortSignal): Promise<Drawn> {
    try {
      return await this.#common.run(job, data, signal);
    } catch (error) {
      if (!(error instanceof EngineCrash)) throw error;
    }
    const retry = this.#queue.then(() => this.#apart.run(job, data, signal));
    this.#queue = retry.catch(() => undefined);
    try {
      return await retry;
    } catch (error) {
      throw error instanceof EngineCrash ? error.refusal : error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#common.stop(), this.#apart.stop()]);
  }
}
