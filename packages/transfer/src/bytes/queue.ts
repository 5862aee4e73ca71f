import { TransferError } from '../errors.ts';

/** Bytes of a stream of chunks, taken as many at a time as one needs. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; null when the stream has ended before the first. @throws {TransferError} when it ends within. */
  async take(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#chunk.length === 0 && !(await this.#more())) {
        if (missing === length) return null;
        throw truncated();
      }
      const part = this.#chunk.subarray(0, missing);
      this.#chunk = this.#chunk.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, length);
  }

  /** As `take`, where the stream must go on. @throws {TransferError} */
  async need(length: number): Promise<Buffer> {
    const bytes = await this.take(length);
    if (bytes === null && length > 0) throw truncated();
    return bytes ?? Buffer.alloc(0);
  }

  /** Lets go of what the bytes come from. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return true;
  }
}

export function truncated(): TransferError {
  return new TransferError('The dump ends in the middle.', {
    hint: 'Copy the file again, or make the dump anew: what is missing cannot be guessed.',
  });
}
