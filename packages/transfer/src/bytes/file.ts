import { type FileHandle, open } from 'node:fs/promises';
import { TransferError } from '../errors.ts';
import { truncated } from './queue.ts';

const WINDOW_BYTES = 262_144;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by you',
};

/** A file that is read at any place, through a window, so that many small reads cost one call. */
export class RandomFile {
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #from = 0;
  #held = 0;

  private constructor(name: string, handle: FileHandle, size: number) {
    this.name = name;
    this.#handle = handle;
    this.size = size;
  }

  /** @throws {TransferError} when it cannot be opened. */
  static async open(name: string): Promise<RandomFile> {
    try {
      const handle = await open(name);
      return new RandomFile(name, handle, (await handle.stat()).size);
    } catch (error) {
      const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
      if (!reason) throw error;
      throw new TransferError(`${name} ${reason}.`, { cause: error });
    }
  }

  /** A view that the next read may overwrite; at most 256 KB. @throws {TransferError} past the end. */
  async view(at: number, length: number): Promise<Buffer> {
    if (at + length > this.size) throw truncated();
    if (at < this.#from || at + length > this.#from + this.#held) {
      const { bytesRead } = await this.#handle.read(this.#window, 0, WINDOW_BYTES, at);
      this.#from = at;
      this.#held = bytesRead;
      if (bytesRead < length) throw truncated();
    }
    return this.#window.subarray(at - this.#from, at - this.#from + length);
  }

  /** Bytes of one's own. @throws {TransferError} past the end. */
  async read(at: number, length: number): Promise<Buffer> {
    if (at + length > this.size) throw truncated();
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw truncated();
      done += bytesRead;
    }
    return bytes;
  }

  /** From `at` to `end`, in parts. */
  async *stream(at: number, end: number = this.size): AsyncGenerator<Buffer> {
    for (let from = at; from < end; ) {
      const part = await this.read(from, Math.min(WINDOW_BYTES, end - from));
      from += part.length;
      yield part;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
