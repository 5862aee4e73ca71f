import type { Buffer } from 'node:buffer';
import { PgError } from '../errors.ts';
import type { CopyBoth, CopyBothWatch, Result } from '../types.ts';
import { readCstring, readErrorFields, readFields, readRow } from './backend.ts';
import { writeCopyData, writeCopyDone, writeQuery } from './frontend.ts';
import { type Outcome, Task, type Wire } from './task.ts';
import { Turns } from './turns.ts';

/**
 * A command that copies both ways, as START_REPLICATION does: what the server sends goes to the watcher, one message after the
 * other, while the watcher answers whenever it likes. Reading stops while the watcher takes its time.
 * @see https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-COPY
 */
export class CopyBothTask extends Task implements CopyBoth {
  override readonly copiesBoth = true;
  readonly #text: string;
  readonly #watch: CopyBothWatch;
  readonly #resolve: (results: readonly Result[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #results: Result[] = [];
  readonly #turns = new Turns();
  #fields: Result['fields'] = [];
  #rows: Result['rows'][number][] = [];
  #error: PgError | null = null;
  /** `both`: either side may send; `theirs`: we are done; `over`: nobody sends data any more. */
  #state: 'before' | 'both' | 'theirs' | 'over' = 'before';

  constructor(
    text: string,
    watch: CopyBothWatch,
    resolve: (results: readonly Result[]) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.#text = text;
    this.#watch = watch;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  protected override reject(error: unknown): void {
    this.#reject(error);
  }

  override get error(): PgError | null {
    return this.#error;
  }

  override encode(wire: Wire): void {
    writeQuery(wire.out, this.#text);
  }

  send(data: Uint8Array): void {
    const { wire } = this;
    if (this.#state !== 'both' || !wire) return;
    writeCopyData(wire.out, data);
    wire.flush();
  }

  end(): void {
    const { wire } = this;
    if (this.#state !== 'both' || !wire) return;
    this.#state = 'theirs';
    writeCopyDone(wire.out);
    wire.flush();
  }

  override message(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case 0x57: // CopyBothResponse
        this.#state = 'both';
        this.#tell(() => this.#watch.onStart?.(this));
        return;
      case 0x64: {
        // CopyData
        const data = buffer.subarray(start, end);
        this.#tell(() => this.#watch.onData(data, this));
        return;
      }
      case 0x63: // CopyDone: theirs; they wait for ours, which comes behind what the watcher still answers.
        this.#tell(() => {
          this.end();
          this.#state = 'over';
        });
        return;
      case 0x54: // RowDescription
        this.#fields = readFields(buffer, start, end);
        return;
      case 0x44: // DataRow
        this.#rows.push(readRow(buffer, start, end));
        return;
      case 0x43: // CommandComplete
        this.#results.push({ tag: readCstring(buffer, start, end), fields: this.#fields, rows: this.#rows });
        this.#fields = [];
        this.#rows = [];
        return;
      case 0x45: // ErrorResponse
        this.#error ??= new PgError(readErrorFields(buffer, start, end));
        this.#state = 'over';
        return;
      default:
        return;
    }
  }

  #tell(action: () => unknown): void {
    const { wire } = this;
    this.#turns.add(
      () => (this.settled ? undefined : action()),
      error => {
        this.fail(error);
        // The server goes on sending: what nobody takes must end with its connection.
        wire?.destroy(error as Error);
      },
      busy => {
        if (this.wire === wire && wire) busy ? wire.pause() : wire.resume();
      },
    );
  }

  override ready(): Outcome {
    this.#state = 'over';
    this.#turns.add(
      () => {
        if (this.#error) this.fail(this.#error);
        else if (!this.settled) {
          this.settle();
          this.#resolve(this.#results);
        }
      },
      error => this.fail(error),
      () => undefined,
    );
    return 'done';
  }
}
