import type { Buffer } from 'node:buffer';
import { ConnectionLostError, type PgError } from '../errors.ts';
import type { StatementCache } from './statements.ts';
import type { Writer } from './writer.ts';

/** What a task sees of the connection it runs on. */
export interface Wire {
  readonly out: Writer;
  readonly statements: StatementCache;
  /** As the server tells it, such as `17.2 (Debian 17.2-1)`. */
  readonly serverVersion: string | undefined;
  /** What an exchange leaves in the session is undone by the next one. */
  readonly isolated: boolean;
  /** The largest result that is taken. */
  readonly maxResultBytes: number;
  /** The session's defaults are not those of implicit transactions, so each exchange begins a transaction of its own. */
  begins: boolean;
  /** No task is sent behind the running one. */
  readonly alone: boolean;
  /** Sends what was appended to `out`. */
  flush(): void;
  /** Settles when the server has taken what was sent, or the connection is closed. */
  drained(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Cancels the running statement; the connection is not given to others until the server has acted. */
  cancel(): void;
  /** Gives the connection up: its state is not known any more. */
  destroy(error: Error): void;
}

/** How a task goes on after ReadyForQuery: it is done; wants to be sent anew; or wrote a further step itself. */
export type Outcome = 'done' | 'again' | 'more';

/** Work for one connection, from the first byte sent to the ReadyForQuery that ends it. */
export abstract class Task {
  /** Waiting past this time (ms since the epoch) is refused. */
  deadline = 0;
  since = 0;
  wire: Wire | null = null;
  /** Others like it may be sent before and behind it on the same connection, whose answers come in order. */
  pipelined = false;
  /** Takes a CopyBothResponse: no other task may be answered with one. */
  readonly copiesBoth: boolean = false;
  /** Told when the task settles while it waits. */
  queue: { forget(): void } | null = null;
  settled = false;
  /** What its large statements cost the server, in bytes; few tasks that have such run at once. */
  largeBytes = 0;
  /** How often it was sent anew on another connection. */
  resends = 0;
  #signal: AbortSignal | null = null;
  #onAbort: (() => void) | null = null;

  /** Appends the messages. May throw before anything is appended; the task is rejected then. */
  abstract encode(wire: Wire): void;
  abstract message(type: number, buffer: Buffer, start: number, end: number): void;
  abstract ready(status: number): Outcome;
  protected abstract reject(error: unknown): void;

  /** Whether the server may have run any of it. */
  get begun(): boolean {
    return true;
  }

  /** Rejects, unless settled already. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.settle();
    this.queue?.forget();
    this.reject(error);
  }

  /** Marks as settled and stops listening to the signal. */
  protected settle(): void {
    this.settled = true;
    if (this.#signal && this.#onAbort) this.#signal.removeEventListener('abort', this.#onAbort);
  }

  /** Rejects on abort; a statement that runs alone on its connection is cancelled. */
  watch(signal: AbortSignal): void {
    const onAbort = (): void => {
      this.fail(signal.reason);
      if (!this.pipelined) this.wire?.cancel();
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    this.#signal = signal;
    this.#onAbort = onAbort;
    signal.addEventListener('abort', onAbort);
  }

  /** The connection broke under the task. `lastError` is what the server said before, if anything. */
  broken(error: Error, lastError: PgError | null): void {
    // An ERROR means that nothing took effect; that the connection broke afterwards adds nothing.
    if (lastError && lastError.fields.severity === 'ERROR') this.fail(lastError);
    else this.fail(new ConnectionLostError(error.message, { cause: error.cause ?? error }));
  }

  get error(): PgError | null {
    return null;
  }
}

/** What ReadyForQuery says of the transaction: none, open, or failed and waiting for its end. */
export const statusIdle = 0x49;
export const statusFailed = 0x45;
