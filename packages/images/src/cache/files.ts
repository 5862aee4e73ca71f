/** Files of a folder that together take no more than they may: whose use lies back farthest go first. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { privateFolder } from '@peakstone/kernel/private';

export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Bytes by name, the least recently used first. */
  readonly #files: Map<string, number>;
  #bytes: number;

  private constructor(folder: string, maxBytes: number, files: Map<string, number>) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#files = files;
    this.#bytes = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Takes over what is there from before. @throws {UnsafePlaceError} others may write into the folder */
  static async open(folder: string, maxBytes: number): Promise<FileCache> {
    privateFolder(path.resolve(folder));
    const found: { readonly name: string; readonly bytes: number; readonly usedMs: number }[] = [];
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      if (!/^[0-9a-f]{64}$/.test(name)) {
        // Of a write that was broken off; what else lies there is not ours.
        if (/^[0-9a-f]{64}\.[0-9a-f]{16}$/.test(name)) await unlink(file);
        continue;
      }
      const { size, mtimeMs } = await stat(file);
      found.push({ name, bytes: size, usedMs: mtimeMs });
    }
    found.sort((a, b) => a.usedMs - b.usedMs);
    const cache = new FileCache(folder, maxBytes, new Map(found.map(({ name, bytes }) => [name, bytes])));
    await cache.#makeRoom(0);
    return cache;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** 0 when there is none. */
  bytesOf(name: string): number {
    return this.#files.get(name) ?? 0;
  }

  async get(name: string): Promise<Buffer | null> {
    const bytes = this.#files.get(name);
    if (bytes === undefined) return null;
    this.#files.delete(name);
    this.#files.set(name, bytes);
    try {
      return await readFile(path.join(this.#folder, name));
    } catch {
      // Whoever cleared the folder has cleared the cache.
      this.#forget(name);
      return null;
    }
  }

  /** Whole or not at all, also when the process is killed. */
  async put(name: string, content: readonly Uint8Array[]): Promise<void> {
    const bytes = content.reduce((sum, piece) => sum + piece.length, 0);
    // One picture may not push out all others.
    if (bytes > this.#maxBytes / 4) return;
    const file = path.join(this.#folder, name);
    const draft = `${file}.${randomBytes(8).toString('hex')}`;
    try {
      await writeFile(draft, content, { mode: 0o600 });
      await rename(draft, file);
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      throw error;
    }
    this.#forget(name);
    this.#files.set(name, bytes);
    this.#bytes += bytes;
    await this.#makeRoom(0);
  }

  async #makeRoom(wanted: number): Promise<void> {
    for (const name of this.#files.keys()) {
      if (this.#bytes + wanted <= this.#maxBytes) return;
      this.#forget(name);
      await unlink(path.join(this.#folder, name)).catch(() => undefined);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#files.get(name) ?? 0;
    this.#files.delete(name);
  }
}
