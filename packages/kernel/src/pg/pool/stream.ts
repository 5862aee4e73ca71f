import type { Cell, Exchange } from '../types.ts';
import { ExchangeTask } from '../wire/exchange.ts';

/** Rows held before the socket is paused. */
const highWaterRows = 256;
const highWaterBytes = 262_144;

/** Rows on their way from a connection to a slower reader. */
export interface RowSource {
  readonly task: ExchangeTask;
  next(): Promise<IteratorResult<readonly Cell[], undefined>>;
  /** The reader has gone: cancels what still runs and discards what still comes. */
  leave(): void;
}

class StreamTask extends ExchangeTask {
  readonly streamed: number;
  rows: (readonly Cell[])[] = [];
  head = 0;
  bytes = 0;
  paused = false;
  left = false;
  delivered = false;
  wake: (() => void) | null = null;

  constructor(exchange: Exchange, resolve: () => void, reject: (error: unknown) => void) {
    super(exchange, resolve, reject);
    this.streamed = exchange.statements.length - 1;
  }

  protected override row(index: number, row: readonly Cell[]): void {
    if (index !== this.streamed || this.left) return;
    this.rows.push(row);
    for (const cell of row) if (cell) this.bytes += cell.length;
    this.delivered = true;
    if (!this.paused && (this.rows.length - this.head > highWaterRows || this.bytes > highWaterBytes)) {
      this.paused = true;
      this.wire?.pause();
    }
    this.wake?.();
  }

  /** Its reader takes them. */
  protected override get collects(): boolean {
    return false;
  }

  protected override retryable(): boolean {
    return !this.delivered;
  }
}

/** The last statement's rows as a source. Rows of the statements before it are discarded. */
export function createRowSource(exchange: Exchange): RowSource {
  let ended = false;
  let failure: { readonly error: unknown } | null = null;
  const finish = (): void => {
    ended = true;
    task.wake?.();
  };
  const task = new StreamTask(exchange, finish, error => {
    failure = { error };
    finish();
  });
  const drained = (): void => {
    task.rows = [];
    task.head = 0;
    task.bytes = 0;
    if (task.paused) {
      task.paused = false;
      task.wire?.resume();
    }
  };
  return {
    task,
    async next() {
      for (;;) {
        // Rows of a transaction that failed are worth nothing, so those still held are not handed out.
        if (failure) throw failure.error;
        if (task.head < task.rows.length) {
          const value = task.rows[task.head++]!;
          if (task.head === task.rows.length) drained();
          return { done: false, value };
        }
        if (ended) return { done: true, value: undefined };
        await new Promise<void>(resolve => {
          task.wake = resolve;
        });
        task.wake = null;
      }
    },
    leave() {
      if (task.left) return;
      task.left = true;
      drained();
      const { wire } = task;
      if (!ended) task.fail(new Error('The reader left'));
      wire?.cancel();
    },
  };
}
