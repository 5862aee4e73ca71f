/** What draws pictures: one process for all, and for each of them alone when it ended under several. */
import type { EngineMemory } from '../engine/protocol.ts';
import type { Job } from '../engine/types.ts';
import type { Lease } from '../memory/budget.ts';
import { type Drawn, EngineCrash, type EngineOptions, EngineProcess } from './engineProcess.ts';

export class Engine {
  readonly #process: EngineProcess;
  /** Pictures that are drawn one by one, so that whoever ends the process ends nobody else's; those that come meanwhile wait. */
  #alone: Promise<unknown> | null = null;

  constructor(options: EngineOptions) {
    this.#process = new EngineProcess(options);
  }

  /** Of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  get memory(): EngineMemory {
    return this.#process.memory;
  }

  /**
   * Draws a picture.
   * @param lease holds the source, and what the engine wants for it besides
   * @throws {ImagesError} @throws the signal's reason
   */
  async run(job: Job, data: Buffer, lease: Lease, signal: AbortSignal): Promise<Drawn> {
    while (this.#alone !== null) await orAborted(this.#alone, signal);
    const held = lease.bytes;
    try {
      return await this.#process.run(job, data, lease, signal);
    } catch (error) {
      if (!(error instanceof EngineCrash)) throw error;
    }
    const drawn = this.#again(async () => {
      await lease.hold(held, signal);
      return await this.#process.run(job, data, lease, signal);
    });
    return await orAborted(drawn, signal);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Behind all that are drawn again already. */
  async #again(draw: () => Promise<Drawn>): Promise<Drawn> {
    const drawn = (this.#alone ?? Promise.resolve()).then(draw);
    const turn = drawn.catch(() => undefined);
    this.#alone = turn;
    try {
      return await drawn;
    } catch (error) {
      throw error instanceof EngineCrash ? error.refusal : error;
    } finally {
      if (this.#alone === turn) this.#alone = null;
    }
  }
}

/** @throws the signal's reason, when it comes first */
async function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
