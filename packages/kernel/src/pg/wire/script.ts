import type { Buffer } from 'node:buffer';
import { PgError } from '../errors.ts';
import type { Cell, Field, Result, ScriptWatch } from '../types.ts';
import { readCstring, readErrorFields, readFields, readRow } from './backend.ts';
import { writeCopyData, writeCopyDone, writeCopyFail, writeQuery } from './frontend.ts';
import { type Outcome, statusIdle, Task, type Wire } from './task.ts';
import { Turns } from './turns.ts';

/** What is handed over at once when rows are watched. */
const batchRows = 1000;
const batchBytes = 262_144;
/** Of one CopyData message; what the source gives is cut to this. */
const copyBytes = 65_536;

/**
 * Many statements by the simple protocol. A transaction left open is rolled back, unless `onReady` is given: then it stays
 * as it is, and the function is told the server's transaction status.
 */
export class ScriptTask extends Task {
  readonly #text: string;
  readonly #watch: ScriptWatch;
  readonly #resolve: (results: readonly Result[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onReady: ((status: number) => void) | null;
  readonly #results: Result[] = [];
  readonly #turns = new Turns();
  #fields: readonly Field[] = [];
  #rows: (readonly Cell[])[] = [];
  #bytes = 0;
  #error: PgError | null = null;
  #sourceError: { readonly error: unknown } | null = null;
  #recovering = false;

  constructor(
    text: string,
    resolve: (results: readonly Result[]) => void,
    reject: (error: unknown) => void,
    watch: ScriptWatch = {},
    onReady: ((status: number) => void) | null = null,
  ) {
    super();
    this.#text = text;
    this.#watch = watch;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onReady = onReady;
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
        this.#row(readRow(buffer, start, end), end - start);
        return;
      case 0x64: // CopyData
        this.#row([buffer.subarray(start, end)], end - start);
        return;
      case 0x63: // CopyDone: what follows without a CommandComplete between, as in BASE_BACKUP, are other rows.
        if (this.#watch.onRows) this.#batch();
        return;
      case 0x43: // CommandComplete
        if (!this.#recovering) this.#complete(readCstring(buffer, start, end));
        this.#fields = [];
        this.#rows = [];
        this.#bytes = 0;
        return;
      case 0x4e: // NoticeResponse
        // Rolling back what was left open only says that there was nothing to roll back.
        if (!this.#recovering && this.#watch.onNotice) {
          const notice = readErrorFields(buffer, start, end);
          this.#tell(() => this.#watch.onNotice?.(notice));
        }
        return;
      case 0x45: // ErrorResponse
        this.#error ??= new PgError(readErrorFields(buffer, start, end));
        return;
      case 0x47: // CopyInResponse
        this.#tell(() => {
          // Not waited for as a turn: notices raised by the rows must be told while they are sent.
          void this.#copyIn();
        });
        return;
      default:
        return;
    }
  }

  #row(row: readonly Cell[], bytes: number): void {
    this.#rows.push(row);
    this.#bytes += bytes;
    if (this.#watch.onRows && (this.#rows.length >= batchRows || this.#bytes >= batchBytes)) this.#batch();
  }

  /** Hands over the rows at hand. */
  #batch(): void {
    const rows = this.#rows;
    const fields = this.#fields;
    this.#rows = [];
    this.#bytes = 0;
    if (rows.length > 0) this.#tell(() => this.#watch.onRows?.(rows, fields));
  }

  #complete(tag: string): void {
    if (this.#watch.onRows) this.#batch();
    const result: Result = { tag, fields: this.#fields, rows: this.#rows };
    if (this.#watch.onResult) this.#tell(() => this.#watch.onResult?.(result));
    else this.#results.push(result);
  }

  /**
   * Calls a watcher after those before it are done; while one takes its time nothing more is read. One that fails must
   * not leave the connection in the middle of an answer.
   */
  #tell(action: () => unknown): void {
    const { wire } = this;
    this.#turns.add(
      () => (this.settled ? undefined : action()),
      error => {
        this.fail(error);
      },
      busy => {
        // Once the answer is complete the connection may already be another task's.
        if (this.wire === wire && wire) busy ? wire.pause() : wire.resume();
      },
    );
  }

  /** Answers COPY … FROM STDIN with the watcher's rows, as fast as the server takes them. Never rejects. */
  async #copyIn(): Promise<void> {
    const { wire } = this;
    if (!wire) return;
    // After an error the server discards what comes; after the end the connection may be another task's.
    const over = (): boolean => this.#error !== null || this.wire !== wire;
    try {
      const source = this.settled ? null : (this.#watch.copyIn?.() ?? null);
      if (source === null) {
        writeCopyFail(wire.out, 'COPY FROM STDIN has no rows to read in this script');
        wire.flush();
        return;
      }
      for await (const chunk of source) {
        for (let at = 0; at < chunk.length; at += copyBytes) {
          if (over()) return;
          if (this.settled) throw new Error('the script was given up');
          writeCopyData(wire.out, chunk.subarray(at, at + copyBytes));
          wire.flush();
          await wire.drained();
        }
      }
      if (over()) return;
      writeCopyDone(wire.out);
    } catch (error) {
      this.#sourceError ??= { error };
      if (over()) return;
      writeCopyFail(wire.out, 'the rows could not be read');
    }
    wire.flush();
  }

  override ready(status: number): Outcome {
    if (this.#onReady) {
      this.#onReady(status);
    } else if (status !== statusIdle && !this.#recovering) {
      this.#recovering = true;
      if (this.#error === null) this.#tell(() => this.#watch.onLeftOpen?.());
      writeQuery(this.wire!.out, 'rollback');
      this.wire!.flush();
      return 'more';
    }
    const failure = this.#sourceError ?? (this.#error ? { error: this.#error } : null);
    this.#tell(() => {
      if (failure) {
        this.fail(failure.error);
      } else {
        this.settle();
        this.#resolve(this.#results);
      }
    });
    return 'done';
  }
}
