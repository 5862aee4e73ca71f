/**
 * What operators did, one line of JSON each, only ever added to. What changes something is written before it is done, so that
 * a crash in between leaves the attempt.
 */
import { closeSync, fdatasyncSync, openSync, readdirSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { privateFolder } from '@peakstone/kernel/private';
import type { Capability } from '../operators/roles.ts';
import { maskSecrets } from './mask.ts';

/** Of one statement in an entry. */
const MAX_STATEMENT = 8_192;
/** Read at once, from the end, for a search. */
const MAX_READ_BYTES = 8 * 2 ** 20;

export interface Entry {
  readonly at: string;
  readonly who: string;
  readonly from: string;
  /** Of the gateway, by which the stack's logs know it. */
  readonly request: string;
  /** What was called: `data/commit`. */
  readonly call: string;
  readonly capability: Capability | 'sign-in';
  readonly outcome: 'begun' | 'done' | 'refused' | 'failed';
  readonly statement?: string;
  readonly rows?: number;
  readonly reason?: string;
}

export class Audit {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = privateFolder(folder);
  }

  /** Durable when it returns. */
  add(entry: Omit<Entry, 'at'>): void {
    const at = new Date().toISOString();
    const statement =
      entry.statement === undefined
        ? {}
        : { statement: maskSecrets(entry.statement).slice(0, MAX_STATEMENT) };
    const fd = openSync(path.join(this.#folder, `${at.slice(0, 7)}.jsonl`), 'a', 0o600);
    try {
      // A line of its own, whatever a crash left before it.
      writeSync(fd, `\n${JSON.stringify({ at, ...entry, ...statement })}\n`);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** The latest entries that hold all words of `search`, latest first. */
  async find(search: string, limit: number): Promise<readonly Entry[]> {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const found: Entry[] = [];
    const months = readdirSync(this.#folder)
      .filter(name => name.endsWith('.jsonl'))
      .sort()
      .reverse();
    for (const month of months) {
      for (const line of (await readTail(path.join(this.#folder, month))).reverse()) {
        const low = line.toLowerCase();
        if (!isWhole(line) || !words.every(word => low.includes(word))) continue;
        found.push(JSON.parse(line) as Entry);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }
}

/** A crash may have left half of one. */
function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}');
}

/** Lines from a file's end. */
async function readTail(file: string): Promise<string[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - MAX_READ_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines.slice(from === 0 ? 0 : 1);
  } finally {
    await handle.close();
  }
}
