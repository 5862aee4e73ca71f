import type { Buffer } from 'node:buffer';
import { PgError } from '../errors.ts';
import type { Cell, Field, Result, ScriptWatch } from '../types.ts';
import { readCstring, readErrorFields, readFields, readRow } from './backend.ts';
import { writeCopyFail, writeQuery } from './frontend.ts';
import { type Outcome, statusIdle, Task, type Wire } from './task.ts';

/** Many statements by the simple protocol. A transaction left open is rolled back. */
export class ScriptTask extends Task {
  readonly #text: string;
  readonly #watch: ScriptWatch;
  readonly #resolve: (results: readonly Result[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #results: Result[] = [];
  #fields: readonly Field[] = [];
  #rows: (readonly Cell[])[] = [];
  #error: PgError | null = null;
  #recovering = false;

  constructor(
    text: string,
    resolve: (results: readonly Result[]) => void,
    reject: (error: unknown) => void,
    watch: ScriptWatch = {},
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
    if (this.#text.includes('\0')) {
      throw new PgError({ severity: 'ERROR', code: '22021', message: 'SQL text holds a zero byte' });
    }
    writeQuery(wire.out, this.#text);
  }

  override message(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case 0x54: // RowDescription
        this.#fields = readFields(buffer, start, end);
        return;
      case 0x44: // DataRow
        this.#rows.push(readRow(buffer, start, end));
        return;
      case 0x64: // CopyData
        this.#rows.push([buffer.subarray(start, end)]);
        return;
      case 0x43: // CommandComplete
        if (!this.#recovering) {
          this.#deliver({ tag: readCstring(buffer, start, end), fields: this.#fields, rows: this.#rows });
        }
        this.#fields = [];
        this.#rows = [];
        return;
      case 0x4e: // NoticeResponse
        // Rolling back what was left open only says that there was nothing to roll back.
        if (!this.#recovering) this.#tell(() => this.#watch.onNotice?.(readErrorFields(buffer, start, end)));
        return;
      case 0x45: // ErrorResponse
        this.#error ??= new PgError(readErrorFields(buffer, start, end));
        return;
      case 0x47: // CopyInResponse
        writeCopyFail(this.wire!.out, 'COPY FROM STDIN is not supported in a script');
        this.wire!.flush();
        return;
      default:
        return;
    }
  }

  #deliver(result: Result): void {
    if (this.#watch.onResult) this.#tell(() => this.#watch.onResult?.(result));
    else this.#results.push(result);
  }

  /** A watcher that fails must not leave the connection in the middle of an answer. */
  #tell(action: () => void): void {
    if (this.settled) return;
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  override ready(status: number): Outcome {
    if (status !== statusIdle && !this.#recovering) {
      this.#recovering = true;
      writeQuery(this.wire!.out, 'rollback');
      this.wire!.flush();
      return 'more';
    }
    if (!this.settled) {
      if (this.#error) this.fail(this.#error);
      else {
        this.settle();
        this.#resolve(this.#results);
      }
    }
    return 'done';
  }
}
