import type { OnStackEvent, StackEvent } from './events.ts';

/** Hands each event to everyone who listens now. */
export class EventHub {
  readonly #listeners = new Set<OnStackEvent>();

  /** Returns the function that ends it. */
  listen(listener: OnStackEvent): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly emit = (event: StackEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };
}

/** An event as one line of the stack's log. Pure. */
export function describeEvent(event: StackEvent): string {
  switch (event.kind) {
    case 'starting':
      return `${event.service}: starting`;
    case 'step':
      return `${event.service}: ${event.text}`;
    case 'healthy':
      return `${event.service}: healthy after ${event.durationMs} ms`;
    case 'unhealthy':
      return `${event.service}: unhealthy: ${event.reason}${event.elsewhere ? '; not restarted, as the cause is elsewhere' : ''}`;
    case 'restarting':
      return `${event.service}: restarting, attempt ${event.attempt}`;
    case 'startFailed':
      return `${event.service}: start failed: ${event.reason}${event.retryInMs === null ? '' : `; next attempt in ${event.retryInMs} ms`}`;
    case 'stopping':
      return `${event.service}: stopping`;
    case 'stopped':
      return `${event.service}: stopped`;
    case 'portMoved':
      return `${event.service}: port ${event.wanted} is in use, using ${event.port}`;
    case 'recovered':
      return `the stack of process ${event.pid} was killed; recovering`;
    case 'notice':
      return event.text;
    case 'failed':
      return `start failed: ${event.reason}`;
    case 'ready':
      return `ready after ${event.durationMs} ms`;
  }
}
