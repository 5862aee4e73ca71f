import { BackupError } from '../errors.ts';

/** Reads a stream of chunks by numbers of bytes, be they of the whole or of a part with an end of its own. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  /** Of the part that is being read. */
  left = Number.POSITIVE_INFINITY;
  /** Sees all that is read of a part. */
  tap: ((bytes: Buffer) => void) | null = null;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** From here on reads end after `bytes`. */
  part(bytes: number): this {
    this.left = bytes;
    this.tap = null;
    return this;
  }

  /** Reads are of the whole again. */
  whole(): void {
    this.left = Number.POSITIVE_INFINITY;
    this.tap = null;
  }

  /** What is at hand, at most `most` bytes; undefined at the end. */
  async take(most: number): Promise<Buffer | undefined> {
    const wanted = Math.min(most, this.left);
    if (wanted === 0) return undefined;
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) {
        if (this.left !== Number.POSITIVE_INFINITY) throw cutOff();
        return undefined;
      }
      this.#chunk = next.value;
    }
    const bytes = this.#chunk.subarray(0, wanted);
    this.#chunk = this.#chunk.subarray(bytes.length);
    this.left -= bytes.length;
    this.tap?.(bytes);
    return bytes;
  }

  /** Exactly so many; undefined when the end came before the first. @throws {BackupError} CORRUPT when it came between */
  async read(bytes: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let have = 0; have < bytes; ) {
      const piece = await this.take(bytes - have);
      if (piece === undefined) {
        if (have === 0) return undefined;
        throw cutOff();
      }
      pieces.push(piece);
      have += piece.length;
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const piece = await this.take(left);
      if (piece === undefined) return;
      left -= piece.length;
    }
  }

  /** To the end of everything. */
  async drain(): Promise<void> {
    while ((await this.take(1024 * 1024)) !== undefined);
  }
}

function cutOff(): BackupError {
  return new BackupError(
    'CORRUPT',
    'The stored files of the backup are cut off.',
    'Restore from another one.',
  );
}
