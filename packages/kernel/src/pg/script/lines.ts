const NEWLINE = 0x0a;
const END_OF_ROWS = Buffer.from('\\.');

/** The lines of a stream of bytes, and runs of rows among them, without more than a chunk and a line in memory. */
export class LineReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #lines = 0;
  /** Rows were begun, and their end is not reached. */
  #inRows = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Lines read so far. */
  get lines(): number {
    return this.#lines;
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

  /** Puts bytes that were read back; what is read next begins with them. */
  unread(bytes: Buffer): void {
    this.#lines -= countLines(bytes);
    this.#chunk = Buffer.concat([bytes, this.#chunk]);
  }

  async isAtEnd(): Promise<boolean> {
    return this.#chunk.length === 0 && !(await this.#more());
  }

  /** Rows up to a line `\.`, or the end, in parts of whole lines. */
  rows(): AsyncGenerator<Buffer> {
    this.#inRows = true;
    return this.#readRows();
  }

  async *#readRows(): AsyncGenerator<Buffer> {
    let atLineStart = true;
    for (;;) {
      if (this.#chunk.length < 3 && !(await this.#more())) {
        const rest = this.#chunk;
        this.#skip(rest.length);
        this.#inRows = false;
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
        this.#lines += countLines(rows);
        this.#lines++;
        this.#skip(after < 0 ? this.#chunk.length : after + 1);
        this.#inRows = false;
        if (rows.length > 0) yield rows;
        return;
      }
      const whole = chunk.lastIndexOf(NEWLINE) + 1;
      if (whole === 0 && (await this.#more())) continue;
      // A line without an end in sight is handed on as it comes.
      const rows = chunk.subarray(0, whole === 0 ? chunk.length : whole);
      this.#lines += countLines(rows);
      this.#skip(rows.length);
      atLineStart = whole > 0;
      yield rows;
    }
  }

  /** Passes over what is left of rows, whether somebody has begun to read them or not. */
  async skipRows(): Promise<void> {
    if (this.#inRows) for await (const _ of this.rows());
  }

  /** Lets go of what the bytes come from. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #skip(length: number): void {
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

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
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
