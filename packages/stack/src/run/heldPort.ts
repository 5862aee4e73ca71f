import type { Listener } from '@peakstone/kernel/http';
import { openListener } from '@peakstone/kernel/http/listener';

/** How long whoever connects may wait for a service that is away: a crash and its back-off take a tenth of it. */
const patienceMs = 30_000;

/**
 * The port of a service in another process. It stays open between two lives of that process, and who connects meanwhile waits
 * for the next; when that does not come, they are told by a refusal.
 */
export class HeldPort {
  readonly #host: string;
  readonly #port: number;
  readonly #patienceMs: number;
  #listener: Listener | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: string, port: number, waitMs = patienceMs) {
    this.#host = host;
    this.#port = port;
    this.#patienceMs = waitMs;
  }

  /** For a process to listen on; null where the service must open its port itself. @throws the listen error */
  async hold(): Promise<Listener | null> {
    this.#listener ??= await openListener(this.#host, this.#port);
    return this.#listener;
  }

  /** A process listens on it. */
  served(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Nobody serves it for the moment. However many starts fail, who waits does so once, since it went away. */
  expect(): void {
    if (this.#listener === null) return;
    this.#timer ??= setTimeout(() => this.release(), this.#patienceMs).unref();
  }

  /** Closes it: who waits is told so, who comes later is refused. */
  release(): void {
    this.served();
    this.#listener?.close();
    this.#listener = null;
  }
}
