import type { Connection } from '../wire/connection.ts';
import { ExchangeTask } from '../wire/exchange.ts';
import { restingStatements } from '../wire/leftovers.ts';

/** A connection without work for this long rests. */
const restMs = 50;

/**
 * Cleans connections that rest altogether: of what is too seldom left behind to be looked for with every exchange, such as
 * locks of the session that others wait for. Under load no connection rests, so it costs nothing there.
 */
export class Janitor {
  readonly #connections: () => readonly Connection[];
  readonly #retire: (connection: Connection) => void;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(connections: () => readonly Connection[], retire: (connection: Connection) => void) {
    this.#connections = connections;
    this.#retire = retire;
  }

  /** Told of each connection that has ended a task. */
  watch(connection: Connection): void {
    if (this.#timer || connection.rested || this.#stopped) return;
    this.#timer = setTimeout(() => this.#round(), restMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #round(): void {
    this.#timer = null;
    const restingSince = performance.now() - restMs;
    for (const connection of this.#connections()) {
      if (connection.rested || connection.retiring) continue;
      if (connection.depth === 0 && connection.idleSince <= restingSince) this.#clean(connection);
      else this.watch(connection);
    }
  }

  #clean(connection: Connection): void {
    const task = new ExchangeTask(
      { statements: restingStatements },
      results => {
        // Whether they took the place of ours is not known.
        const prepares = results.at(-1)?.rows[0]?.at(-1)?.toString() === 't';
        if (prepares) this.#retire(connection);
      },
      // The session is not as it was: another one takes its place.
      () => this.#retire(connection),
    );
    connection.submit(task);
    connection.rested = true;
  }
}
