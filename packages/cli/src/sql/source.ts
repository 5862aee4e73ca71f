import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LineReader } from '@peakstone/kernel/script';
import { CliError } from '../grammar/errors.ts';

/** A script as bytes that can be gone through twice: to see what it asks for, and then to run it. */
export interface Source {
  /** As the user named it; null for text that has no name. */
  readonly file: string | null;
  /** For errors. */
  readonly title: string;
  read(): AsyncIterable<Buffer>;
}

/** What comes but once is kept in memory up to this length, and in a file beyond. */
const maxHeldBytes = 1024 * 1024;

/** Pure. */
export function sourceOf(text: string): Source {
  return {
    file: null,
    title: 'The script',
    async *read() {
      yield Buffer.from(text);
    },
  };
}

/** The files and streams of a script, of any length, in bounded memory. `close` when it is done. */
export class Sources {
  readonly #opened = new Map<string, Source>();
  readonly #kept: FileHandle[] = [];

  /** @throws {CliError} when it cannot be read. */
  async file(cwd: string, name: string, shown = name): Promise<Source> {
    const path = resolve(cwd, name);
    const source = this.#opened.get(path) ?? (await this.#open(path, name, shown));
    this.#opened.set(path, source);
    return source;
  }

  /** What comes but once, such as standard input. @throws what reading it throws */
  async stream(stream: AsyncIterable<Buffer>, title: string, file: string | null = null): Promise<Source> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let kept: FileHandle | null = null;
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < maxHeldBytes) continue;
      kept ??= await this.#keep();
      for (const part of chunks.splice(0)) await kept.writeFile(part);
      bytes = 0;
    }
    return {
      file,
      title,
      async *read() {
        if (kept) yield* kept.createReadStream({ start: 0, autoClose: false });
        yield* chunks;
      },
    };
  }

  async close(): Promise<void> {
    for (const kept of this.#kept.splice(0)) await kept.close();
  }

  async #open(path: string, name: string, shown: string): Promise<Source> {
    try {
      await using file = await open(path);
      const stats = await file.stat();
      if (stats.isFile()) return { file: shown, title: name, read: () => createReadStream(path) };
      return await this.stream(file.createReadStream({ autoClose: false }), name, shown);
    } catch (error) {
      const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
      if (!reason) throw error;
      throw new CliError(`${name} ${reason}.`, { cause: error });
    }
  }

  /** A file without a name, which is gone with this process however that ends. */
  async #keep(): Promise<FileHandle> {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-sql-'));
    try {
      const kept = await open(join(folder, 'script'), 'wx+', 0o600);
      this.#kept.push(kept);
      return kept;
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be read by you',
  ENOTDIR: 'does not exist',
};

/** A line of a script, from 1; null where it has no such line. */
export async function lineOf(source: Source, number: number): Promise<string | null> {
  const lines = new LineReader(source.read());
  try {
    for (;;) {
      const line = await lines.next();
      if (line === null) return null;
      if (lines.lines === number) return line.toString().replace(/\r?\n$/, '');
    }
  } finally {
    await lines.close();
  }
}
