/**
 * How much is in each bucket. Counted by going through all rows when somebody first asks, kept up by every change since,
 * and counted anew after an hour, since what changed while it was counted may have been missed or counted twice.
 */
import { runPaced } from '@peakstone/kernel/pace';
import type { Index } from './index/index.ts';
import { CorruptionError, decodeRow, type ObjectRow } from './rows.ts';

export interface Usage {
  /** Keys whose newest version is no marker. */
  objects: number;
  /** Without markers. */
  versions: number;
  markers: number;
  bytes: number;
  /** Of versions, by size. */
  readonly sizes: number[];
}

/** Upper ends, excluded, of the classes that sizes are told in; the last has none. */
export const sizeClasses: readonly (readonly [name: string, below: number])[] = [
  ['LESS_THAN_1024_B', 1024],
  ['BETWEEN_1024_B_AND_64_KB', 64 * 1024],
  ['BETWEEN_64_KB_AND_256_KB', 256 * 1024],
  ['BETWEEN_256_KB_AND_512_KB', 512 * 1024],
  ['BETWEEN_512_KB_AND_1_MB', 1024 ** 2],
  ['BETWEEN_1_MB_AND_10_MB', 10 * 1024 ** 2],
  ['BETWEEN_10_MB_AND_64_MB', 64 * 1024 ** 2],
  ['BETWEEN_64_MB_AND_128_MB', 128 * 1024 ** 2],
  ['BETWEEN_128_MB_AND_512_MB', 512 * 1024 ** 2],
  ['GREATER_THAN_512_MB', Number.POSITIVE_INFINITY],
];

const countedForMs = 3_600_000;
const rowsAtOnce = 128;

/** What one change did to one key. */
export interface UsageChange {
  readonly came: ObjectRow | undefined;
  readonly gone: ObjectRow | undefined;
  readonly before: ObjectRow | undefined;
  readonly after: ObjectRow | undefined;
}

export class UsageCounter {
  readonly #index: Index;
  #counts = new Map<number, Usage>();
  #counted: number | null = null;
  #counting: Promise<void> | null = null;
  #isClosed = false;

  constructor(index: Index) {
    this.#index = index;
  }

  /** Of a bucket, by its id; what was counted an hour ago at most. */
  async of(bucketId: number): Promise<Usage> {
    await this.#count();
    return this.#counts.get(bucketId) ?? none();
  }

  /** What is known without counting; undefined before the first count. */
  known(bucketId: number): Usage | undefined {
    return this.#counted === null ? undefined : (this.#counts.get(bucketId) ?? none());
  }

  /** Ends what is being counted. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#counting;
  }

  get isCounted(): boolean {
    return this.#counted !== null;
  }

  /** @param before what was the newest of the key. @param after what is */
  changed(bucketId: number, { came, gone, before, after }: UsageChange): void {
    const usage = this.#at(bucketId);
    if (came !== undefined) add(usage, came, 1);
    if (gone !== undefined) add(usage, gone, -1);
    usage.objects += Number(isObject(after)) - Number(isObject(before));
  }

  async #count(): Promise<void> {
    if (this.#counted !== null && Date.now() - this.#counted < countedForMs) return;
    this.#counting ??= runPaced(this.#countAll()).finally(() => {
      this.#counting = null;
    });
    // Whoever asks again has the old figures meanwhile.
    if (this.#counted === null) await this.#counting;
  }

  *#countAll(): Generator<void, void> {
    const counts = new Map<number, Usage>();
    let lastKey: Buffer | undefined;
    let newest: ObjectRow | undefined;
    let usage = none();
    const finishKey = (): void => {
      if (isObject(newest)) usage.objects++;
      newest = undefined;
    };
    for (let from: Buffer = Buffer.of(0); ; ) {
      const entries = this.#index.range('objects', from, undefined, rowsAtOnce);
      for (const { key, value } of entries) {
        const name = key.subarray(0, -8);
        if (lastKey === undefined || !name.equals(lastKey)) {
          finishKey();
          lastKey = name;
          const id = key.readUInt32BE(0);
          usage = counts.get(id) ?? none();
          counts.set(id, usage);
        }
        const row = readRow(value);
        if (row === undefined) continue;
        add(usage, row, 1);
        if (newest === undefined || row.sequence > newest.sequence) newest = row;
      }
      if (entries.length < rowsAtOnce) break;
      from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
      yield;
      if (this.#isClosed) return;
    }
    finishKey();
    this.#counts = counts;
    this.#counted = Date.now();
  }

  #at(bucketId: number): Usage {
    const usage = this.#counts.get(bucketId) ?? none();
    this.#counts.set(bucketId, usage);
    return usage;
  }
}

/** One that is damaged counts as none: the scrub tells of it. */
function readRow(bytes: Buffer): ObjectRow | undefined {
  try {
    return decodeRow<ObjectRow>(bytes);
  } catch (error) {
    if (error instanceof CorruptionError) return undefined;
    throw error;
  }
}

function isObject(row: ObjectRow | undefined): boolean {
  return row !== undefined && !row.deleteMarker;
}

function none(): Usage {
  return { objects: 0, versions: 0, markers: 0, bytes: 0, sizes: sizeClasses.map(() => 0) };
}

function add(usage: Usage, row: ObjectRow, sign: 1 | -1): void {
  if (row.deleteMarker) {
    usage.markers += sign;
    return;
  }
  usage.versions += sign;
  usage.bytes += sign * row.size;
  usage.sizes[sizeClasses.findIndex(([, below]) => row.size < below)]! += sign;
}
