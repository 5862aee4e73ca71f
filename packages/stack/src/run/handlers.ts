import type { Handler, UpgradeListener } from '@peakstone/kernel/http';

/** How long requests wait for a service that stopped. A restart takes a tenth of that; who waits longer is told to come back. */
const patienceMs = 2000;

/** Handlers of the services in this process. One that stops is expected back, as restarts are short; so is one that is to come. */
export class Handlers {
  readonly #here = new Map<string, Handler>();
  readonly #upgrades = new Map<string, UpgradeListener>();
  readonly #expected = new Map<string, PromiseWithResolvers<Handler | null>>();

  current(name: string): Handler | null {
    return this.#here.get(name) ?? null;
  }

  /** Settles when the service is back, with null when that takes too long; null when it is not expected. */
  expected(name: string): Promise<Handler | null> | null {
    return this.#expected.get(name)?.promise ?? null;
  }

  /** Takes WebSocket handshakes for it; null where it takes none, or is away. */
  upgrade(name: string): UpgradeListener | null {
    return this.#upgrades.get(name) ?? null;
  }

  arrive(name: string, handler: Handler, onUpgrade?: UpgradeListener): void {
    this.#here.set(name, handler);
    if (onUpgrade) this.#upgrades.set(name, onUpgrade);
    this.#settle(name, handler);
  }

  leave(name: string): void {
    this.#here.delete(name);
    this.#upgrades.delete(name);
    this.#settle(name, null);
    this.expect(name);
  }

  /** It starts here before long: requests for it wait as for one that restarts. */
  expect(name: string): void {
    if (this.#here.has(name) || this.#expected.has(name)) return;
    const expectation = Promise.withResolvers<Handler | null>();
    this.#expected.set(name, expectation);
    setTimeout(() => {
      if (this.#expected.get(name) === expectation) this.#settle(name, null);
    }, patienceMs).unref();
  }

  #settle(name: string, handler: Handler | null): void {
    this.#expected.get(name)?.resolve(handler);
    this.#expected.delete(name);
  }
}
