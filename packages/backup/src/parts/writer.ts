import { once } from 'node:events';
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';
import type { Vault } from '../vault.ts';
import type { PartName } from './parts.ts';

/** Of an object: small enough to be held while it is sent, and sent again. */
const partBytes = 16 * 1024 * 1024;

/** Compresses a stream and stores it as numbered objects; one is sent while the next is gathered. */
export class PartWriter {
  readonly #vault: Vault;
  readonly #nameOf: PartName;
  readonly #zstd: ZstdCompress;
  readonly #storing: Promise<void>;
  #sending: Promise<unknown> = Promise.resolve();
  /** Of the stream before compression. */
  bytes = 0;
  storedBytes = 0;
  parts = 0;

  constructor(vault: Vault, nameOf: PartName) {
    this.#vault = vault;
    this.#nameOf = nameOf;
    this.#zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    this.#storing = this.#store();
    // Told by whoever writes next, or ends.
    this.#storing.catch(error => this.#zstd.destroy(error as Error));
    this.#zstd.on('error', () => undefined);
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#zstd.destroyed) await this.#storing;
    this.bytes += bytes.length;
    if (!this.#zstd.write(bytes)) await Promise.race([once(this.#zstd, 'drain'), this.#storing]);
  }

  /** Resolves when all of it is stored. */
  async end(): Promise<void> {
    this.#zstd.end();
    await this.#storing;
  }

  abort(): void {
    this.#zstd.destroy();
  }

  async #store(): Promise<void> {
    let pieces: Buffer[] = [];
    let held = 0;
    for await (const chunk of this.#zstd as AsyncIterable<Buffer>) {
      pieces.push(chunk);
      held += chunk.length;
      if (held < partBytes) continue;
      await this.#send(Buffer.concat(pieces));
      pieces = [];
      held = 0;
    }
    await this.#send(Buffer.concat(pieces));
    await this.#sending;
  }

  /** Waits for the one before. */
  async #send(bytes: Buffer): Promise<void> {
    await this.#sending;
    this.storedBytes += bytes.length;
    this.#sending = this.#vault.write(this.#nameOf(this.parts++), bytes, { compress: false });
    // Looked at before the next one.
    this.#sending.catch(() => undefined);
  }
}
