/** The folder of blobs: files whose names say nothing, 256 folders so that none grows without end. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { pathOf } from './layout.ts';

export class BlobFolder {
  readonly #root: string;
  /** Syncs of a folder under way, and the one that waits for its turn. */
  readonly #syncs = new Map<string, { readonly running: Promise<void>; next: Promise<void> | null }>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes what is missing. */
  async prepare(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    for (let i = 0; i < 256; i++) {
      await mkdir(path.join(this.#root, i.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
    }
    await syncFolder(this.#root);
  }

  newId(): string {
    return randomBytes(16).toString('hex');
  }

  pathOf(id: string): string {
    return path.join(this.#root, pathOf(id));
  }

  create(id: string): Promise<FileHandle> {
    return open(this.pathOf(id), 'wx', 0o600);
  }

  open(id: string): Promise<FileHandle> {
    return open(this.pathOf(id), 'r');
  }

  /** Fine when it is gone already. */
  async remove(id: string): Promise<void> {
    try {
      await unlink(this.pathOf(id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Makes the file's entry in its folder durable. Who asks while a sync runs shares the next one. */
  syncEntry(id: string): Promise<void> {
    const folder = path.dirname(this.pathOf(id));
    const current = this.#syncs.get(folder);
    if (current === undefined) return this.#begin(folder);
    current.next ??= current.running.then(
      () => this.#begin(folder),
      () => this.#begin(folder),
    );
    return current.next;
  }

  #begin(folder: string): Promise<void> {
    const running = syncFolder(folder).finally(() => {
      if (this.#syncs.get(folder)?.running === running && this.#syncs.get(folder)?.next === null)
        this.#syncs.delete(folder);
    });
    this.#syncs.set(folder, { running, next: null });
    return running;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
