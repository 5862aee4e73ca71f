const NEWLINE = 0x0a;
const END_OF_ROWS = Buffer.from('\\.');

/** The lines of a stream of bytes, and runs of rows among them, without more than a chunk and a line in memory. */
export class LineReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #lines = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Lines read so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The next line with its newline, if it has one; null at the end. */
  async next(): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (;;) {
      if (this.#chunk.length === 0 && !(await this.#more())) break;
      const end = this.#chunk.indexOf(NEWLINE) + 1;
      const part = end === 0 ? this.#chunk : this.#chunk.subarray(0, end);
      this.#skip(part.length);
      parts.push(part);
      if (end > 0) break;
    }
    if (parts.length === 0) return null;
    this.#lines++;
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Rows up to a line `\.`, or the end, in parts of whole lines. */
  async *rows(): AsyncGenerator<Buffer> {
    let atLineStart = true;
    for (;;) {
      if (this.#chunk.length < 3 && !(await this.#more())) {
        const rest = this.#chunk;
        this.#skip(rest.length);
        if (rest.length > 0 && !isEnd(rest)) yield rest;
        return;
      }
      const chunk = this.#chunk;
      const found = endOfRows(chunk, atLineStart);
      if (found >= 0) {
        const after = chunk.indexOf(NEWLINE, found);
        // The line that ends them may be cut by the end of the chunk.
        if (after < 0 && (await this.#more())) continue;
        const rows = chunk.subarray(0, found);
        this.#count(rows);
        this.#lines++;
        this.#skip(after < 0 ? this.#chunk.length : after + 1);
        if (rows.length > 0) yield rows;
        return;
      }
      const whole = chunk.lastIndexOf(NEWLINE) + 1;
      if (whole === 0 && (await this.#more())) continue;
      // A line without an end in sight is handed on as it comes.
      const rows = chunk.subarray(0, whole === 0 ? chunk.length : whole);
      this.#count(rows);
      this.#skip(rows.length);
      atLineStart = whole > 0;
      yield rows;
    }
  }

  /** Lets go of what the bytes come from. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #count(rows: Buffer): void {
    for (let at = rows.indexOf(NEWLINE); at >= 0; at = rows.indexOf(NEWLINE, at + 1)) this.#lines++;
  }

  #skip(length: number): void {
    this.#bytes += length;
    this.#chunk = this.#chunk.subarray(length);
  }

  /** Appends the next chunk to what is at hand. */
  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      if (value.length === 0) continue;
      const next = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#chunk = this.#chunk.length === 0 ? next : Buffer.concat([this.#chunk, next]);
      return true;
    }
  }
}

/** Where a line that is nothing but `\.` begins; -1 when there is none. A carriage return may follow. */
function endOfRows(chunk: Buffer, atLineStart: boolean): number {
  for (let at = chunk.indexOf(END_OF_ROWS); at >= 0; at = chunk.indexOf(END_OF_ROWS, at + 1)) {
    const begins = at === 0 ? atLineStart : chunk[at - 1] === NEWLINE;
    if (!begins) continue;
    const next = chunk[at + 2];
    if (next === undefined || next === NEWLINE || next === 0x0d) return at;
  }
  return -1;
}

function isEnd(line: Buffer): boolean {
  return /^\\\.\r?\n?$/.test(line.toString('latin1'));
}
