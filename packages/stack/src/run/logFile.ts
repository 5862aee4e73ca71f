import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface LogFileOptions {
  /** A file that would grow past this is moved to `.1` first. Default 5 MB. */
  readonly maxBytes?: number;
  /** Files kept besides the current one. Default 2. */
  readonly keep?: number;
}

/** Longest line kept; what follows is cut, so that one runaway line cannot fill the disk. */
const maxLineBytes = 64 * 1024;
/** Lines wait at most this long, so that a busy service costs a few writes a second and not thousands. */
const flushMs = 100;
const flushBytes = 64 * 1024;

/**
 * One service's log: `TIME LINE` per line, bounded and rotated (`rest.log`, `rest.log.1`, `rest.log.2`).
 * A disk that refuses (full, read-only) drops lines and counts them; serving goes on.
 */
export class LogFile {
  readonly path: string;
  /** Lines that the disk refused. */
  dropped = 0;
  readonly #maxBytes: number;
  readonly #keep: number;
  #file: number | null = null;
  #size = 0;
  #pending: string[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #rest = '';

  constructor(folder: string, service: string, options: LogFileOptions = {}) {
    this.path = join(folder, `${service}.log`);
    this.#maxBytes = options.maxBytes ?? 5_000_000;
    this.#keep = options.keep ?? 2;
    // What was removed while the stack ran must not come back as an empty folder; the lines are counted as dropped.
    if (existsSync(dirname(folder))) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Adds one line (or several, parted by newlines). */
  write(text: string, at = new Date()): void {
    const stamp = at.toISOString();
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const kept = line.length > maxLineBytes ? `${line.slice(0, maxLineBytes)}…` : line;
      const entry = `${stamp} ${kept}\n`;
      this.#pending.push(entry);
      this.#pendingBytes += entry.length;
    }
    if (this.#pendingBytes >= flushBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushMs).unref();
  }

  /** Adds bytes as they come from a pipe; a line that is not finished yet waits for its end. */
  writeChunk(chunk: string): void {
    const text = this.#rest + chunk;
    const end = text.lastIndexOf('\n');
    this.#rest = text.slice(end + 1);
    if (this.#rest.length > maxLineBytes) {
      this.write(this.#rest);
      this.#rest = '';
    }
    if (end >= 0) this.write(text.slice(0, end));
  }

  /** Hands what waits to the operating system. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending.length === 0) return;
    const lines = this.#pending.length;
    const bytes = Buffer.from(this.#pending.join(''), 'utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      if (this.#file === null) this.#open();
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      writeSync(this.#file!, bytes);
      this.#size += bytes.length;
    } catch {
      // There is nowhere left to say so: the log itself is what failed. `status` shows the count.
      this.dropped += lines;
    }
  }

  close(): void {
    if (this.#rest !== '') this.write(this.#rest);
    this.#rest = '';
    this.flush();
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #open(): void {
    this.#file = openSync(this.path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  #rotate(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    for (let age = this.#keep; age >= 1; age--) {
      const from = age === 1 ? this.path : `${this.path}.${age - 1}`;
      try {
        renameSync(from, `${this.path}.${age}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#open();
  }
}
