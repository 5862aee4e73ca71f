import type { Listener } from '@peakstone/kernel/http';
import type { Health } from '@peakstone/kernel/service';
import type { RunningService } from '../../services/local.ts';
import { type ProcessOptions, type RemoteEvents, ServicesChild } from './child.ts';
import type { SentContext } from './protocol.ts';

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
    listener: Listener | null = null,
  ) {
    const process = this.#begin();
    await process.start(service, module, context, signal, events, listener);
    return {
      pid: () => process.pid,
      ended: process.ended,
      health: async (): Promise<Health> =>
        (await process.call(service, 'health')) ?? { ok: false, reason: 'no answer' },
      refresh: async () => void (await process.call(service, 'refresh')),
      stop: () => process.stop(service),
    } satisfies RunningService;
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
