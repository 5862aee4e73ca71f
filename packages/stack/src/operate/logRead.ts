import { existsSync, readdirSync } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '@peakstone/kernel/service';

export interface LogLine {
  readonly service: string;
  /** ISO 8601, in UTC. */
  readonly time: string;
  readonly text: string;
}

export interface LogQuery {
  /** All when empty. */
  readonly services: readonly string[];
  /** Only lines from then on. */
  readonly since?: Date;
  /** Only the last so many, of all services together. */
  readonly tail?: number;
}

/** Services that have a log in this folder. */
export function loggedServices(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.endsWith('.log'))
    .map(name => name.slice(0, -4))
    .sort();
}

/** Lines of the kept files, merged by time. */
export async function readLogs(folder: string, query: LogQuery): Promise<LogLine[]> {
  const services = query.services.length > 0 ? query.services : loggedServices(folder);
  const since = query.since?.toISOString() ?? '';
  const lines: LogLine[] = [];
  for (const service of services) {
    for (const path of filesOldestFirst(folder, service)) {
      for (const line of (await readFile(path, 'utf8')).split('\n')) {
        const parsed = parseLine(service, line);
        if (parsed && parsed.time >= since) lines.push(parsed);
      }
    }
  }
  lines.sort(byTime);
  return query.tail === undefined ? lines : lines.slice(Math.max(0, lines.length - query.tail));
}

/**
 * Lines as they are written from now on (from this call, not from the first look), across rotation, until aborted.
 * Looks four times a second.
 */
export async function followLogs(
  folder: string,
  services: readonly string[],
  signal: AbortSignal,
): Promise<AsyncGenerator<LogLine>> {
  const tails = new Map<string, Tail>();
  const names = (): readonly string[] => (services.length > 0 ? services : loggedServices(folder));
  for (const service of names()) tails.set(service, await Tail.open(folder, service, 'end'));
  return follow(folder, names, tails, signal);
}

async function* follow(
  folder: string,
  names: () => readonly string[],
  tails: Map<string, Tail>,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  try {
    while (!signal.aborted) {
      const lines: LogLine[] = [];
      for (const service of names()) {
        let tail = tails.get(service);
        if (!tail) {
          // A service whose log began after we did.
          tail = await Tail.open(folder, service, 'start');
          tails.set(service, tail);
        }
        lines.push(...(await tail.read()));
      }
      lines.sort(byTime);
      yield* lines;
      if (lines.length === 0) await pause(250, signal);
    }
  } finally {
    for (const tail of tails.values()) await tail.close();
  }
}

/** Stable with Array.sort: lines of one service in the same millisecond keep their order. */
function byTime(a: LogLine, b: LogLine): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}

class Tail {
  readonly #folder: string;
  readonly #path: string;
  readonly #service: string;
  #file: FileHandle | null = null;
  #inode = 0;
  #position = 0;
  #rest = '';

  static async open(folder: string, service: string, from: 'start' | 'end'): Promise<Tail> {
    const tail = new Tail(folder, service);
    const file = await open(tail.#path, 'r').catch(() => null);
    if (file === null) return tail;
    await tail.#goOnWith(file);
    if (from === 'end') tail.#position = (await file.stat()).size;
    return tail;
  }

  private constructor(folder: string, service: string) {
    this.#folder = folder;
    this.#path = join(folder, `${service}.log`);
    this.#service = service;
  }

  async read(): Promise<LogLine[]> {
    const lines = await this.#readOn();
    const current = await stat(this.#path).catch(() => null);
    if (current === null || current.ino === this.#inode) return lines;
    // Rotated, once or more: what our file got before it was moved comes first, then each that followed it.
    for (;;) {
      lines.push(...(await this.#readOn()));
      const next = await this.#openNext();
      if (next === null) return lines;
      await this.#goOnWith(next);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #goOnWith(file: FileHandle): Promise<void> {
    // Opened before ours is closed: until then no other file can have its inode.
    this.#inode = (await file.stat()).ino;
    await this.close();
    this.#file = file;
    this.#position = 0;
    this.#rest = '';
  }

  /** The file that was begun after ours, or the oldest one when ours is no longer kept; null when ours is the newest. */
  async #openNext(): Promise<FileHandle | null> {
    for (;;) {
      const found: { readonly path: string; readonly inode: number }[] = [];
      // From the newest on, against the direction in which a rotation moves them: one may be seen twice, none missed.
      for (const path of filesOldestFirst(this.#folder, this.#service).reverse()) {
        const inode = (await stat(path).catch(() => null))?.ino;
        if (inode !== undefined) found.unshift({ path, inode });
      }
      const next = found[found.findLastIndex(({ inode }) => inode === this.#inode) + 1];
      if (next === undefined) return null;
      const file = await open(next.path, 'r').catch(() => null);
      if (file !== null && (await file.stat()).ino === next.inode) return file;
      // Rotated again meanwhile: another file has its name.
      await file?.close();
    }
  }

  async #readOn(): Promise<LogLine[]> {
    if (!this.#file) return [];
    const lines: LogLine[] = [];
    const buffer = Buffer.allocUnsafe(64 * 1024);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) return lines;
      // Cut at a newline, which is never inside of a UTF-8 character.
      const end = buffer.subarray(0, bytesRead).lastIndexOf(10);
      const used = end < 0 ? bytesRead : end + 1;
      this.#position += used;
      const parts = (this.#rest + buffer.toString('utf8', 0, used)).split('\n');
      this.#rest = parts.pop()!;
      for (const part of parts) {
        const line = parseLine(this.#service, part);
        if (line) lines.push(line);
      }
    }
  }
}

function filesOldestFirst(folder: string, service: string): string[] {
  if (!existsSync(folder)) return [];
  const age = (name: string): number => Number(name.slice(service.length + 5) || 0);
  return readdirSync(folder)
    .filter(
      name =>
        name === `${service}.log` ||
        (name.startsWith(`${service}.log.`) && /^\d+$/.test(name.slice(service.length + 5))),
    )
    .sort((a, b) => age(b) - age(a))
    .map(name => join(folder, name));
}

function parseLine(service: string, line: string): LogLine | null {
  const space = line.indexOf(' ');
  return space < 0 ? null : { service, time: line.slice(0, space), text: line.slice(space + 1) };
}
