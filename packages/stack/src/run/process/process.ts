import type { Health } from '@peakstone/kernel/service';
import { type ProcessOptions, type RemoteEvents, ServicesChild } from './child.ts';
import type { SentContext } from './protocol.ts';

/** A service that is up in another process. */
export interface Remote {
  /** Of the process. */
  readonly pid: number;
  /** Resolves with the reason when the process has ended, whoever wanted that. */
  readonly ended: Promise<string>;
  health(): Promise<Health>;
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A process for services, which comes with the first start and again with the first start after its end. The channel to it
 * ends with this process, and it with the channel.
 */
export class ServiceProcess {
  readonly #options: ProcessOptions;
  #current: ServicesChild | null = null;
  /** Of the ones before. */
  #lostLogLines = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number | null {
    return this.#current?.pid ?? null;
  }

  /** Lines that its log files' disk has refused. */
  get droppedLogLines(): number {
    return this.#lostLogLines + (this.#current?.droppedLogLines ?? 0);
  }

  /** Begins it, so that it is there when the first service starts. */
  prepare(): void {
    this.#begin();
  }

  /** @throws {StackError} what the service's start failed with, or that the process ended meanwhile */
  async start(
    service: string,
    module: string,
    context: SentContext,
    signal: AbortSignal,
    events: RemoteEvents,
  ): Promise<Remote> {
    const process = this.#begin();
    await process.start(service, module, context, signal, events);
    return {
      pid: process.pid,
      ended: process.ended,
      health: async () => (await process.call(service, 'health')) ?? { ok: false, reason: 'no answer' },
      refresh: async () => void (await process.call(service, 'refresh')),
      stop: () => process.stop(service),
    };
  }

  /** Ends it; its services have been stopped, or are ended with it. */
  async close(): Promise<void> {
    await this.#current?.end();
  }

  #begin(): ServicesChild {
    if (this.#current) return this.#current;
    const begun = new ServicesChild(this.#options);
    this.#current = begun;
    this.#options.onChange();
    begun.ended.then(() => {
      this.#lostLogLines += begun.droppedLogLines;
      if (this.#current === begun) this.#current = null;
      this.#options.onChange();
    });
    return begun;
  }
}
