/** Where lines go: process.stderr, a file stream, a test's array. */
export interface LogStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Bytes accepted and not yet written out. */
  readonly writableLength?: number;
}

const MAX_BATCH = 64 * 1024;
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Batches lines into one write an event-loop turn, and drops them when the stream is too far behind. */
export class LogSink {
  readonly #stream: LogStream;
  readonly #droppedLine: (count: number) => string;
  #batch = '';
  #scheduled = false;
  #dropped = 0;

  constructor(stream: LogStream, droppedLine: (count: number) => string) {
    this.#stream = stream;
    this.#droppedLine = droppedLine;
  }

  write(line: string): void {
    if ((this.#stream.writableLength ?? 0) > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      this.#batch += this.#droppedLine(count);
    }
    this.#batch += line;
    if (this.#batch.length > MAX_BATCH) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#batch === '') return;
    const batch = this.#batch;
    this.#batch = '';
    this.#stream.write(batch);
  }
}
