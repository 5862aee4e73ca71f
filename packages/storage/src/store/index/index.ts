/**
 * The index: tables of LMDB in one file, and the one way to change them.
 *
 * A change is a function that looks at what is there, decides, and says what to write. One batch of them is in flight at a
 * time, written and synced as one transaction; the next gathers meanwhile, so that hundreds of writers share one sync.
 * Changes of one key never share a batch, so each sees all that came before it: what it decides holds when it is written.
 */
import { open, type RootDatabase } from 'lmdb';

export type TableName =
  | 'buckets'
  | 'objects'
  | 'bodies'
  | 'manifests'
  | 'uploads'
  | 'parts'
  | 'completed'
  | 'pending'
  | 'trash'
  | 'intents'
  | 'iam'
  | 'notifications'
  | 'origins'
  | 'clock';

const tableNames: readonly TableName[] = [
  'buckets',
  'objects',
  'bodies',
  'manifests',
  'uploads',
  'parts',
  'completed',
  'pending',
  'trash',
  'intents',
  'iam',
  'notifications',
  'origins',
  'clock',
];

/** What a change may touch: alone, or beside others that touch it likewise. */
export interface Scope {
  readonly alone: readonly string[];
  readonly beside?: readonly string[];
}

/** What a change says shall be written. */
export interface Writes {
  put(table: TableName, key: Buffer, value: Buffer): void;
  remove(table: TableName, key: Buffer): void;
  /** Called when all of the change is on disk; never, if it does not come so far. */
  after(work: () => void): void;
}

interface Write {
  readonly table: TableName;
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

interface Change {
  readonly scope: Scope;
  readonly decide: (writes: Writes) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

interface Table {
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, value: Buffer): Promise<boolean>;
  remove(key: Buffer): Promise<boolean>;
  getRange(options: object): Iterable<Entry>;
  getKeys(options: object): Iterable<Buffer>;
}

/** Changes of one batch: together they hold the event loop for a few milliseconds. */
const maxBatch = 256;

export class Index {
  readonly #env: RootDatabase;
  readonly #tables: Readonly<Record<TableName, Table>>;
  #waiting: Change[] = [];
  #writing = false;
  #failure: unknown = null;
  #idle: (() => void) | null = null;

  private constructor(env: RootDatabase) {
    this.#env = env;
    const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.#tables = Object.fromEntries(
      tableNames.map(name => [name, env.openDB<Buffer, Buffer>(name, options)]),
    ) as unknown as Record<TableName, Table>;
  }

  /** @param folder must exist */
  static open(folder: string): Index {
    // Without overlapping syncs a change is told done when it is on disk, and not before.
    return new Index(open({ path: folder, maxDbs: tableNames.length, overlappingSync: false }));
  }

  get(table: TableName, key: Buffer): Buffer | undefined {
    return this.#tables[table].get(key);
  }

  /** Entries from `start` (included) to `end` (not), in order. */
  range(table: TableName, start: Buffer, end: Buffer | undefined, limit: number): Entry[] {
    return [...this.#tables[table].getRange({ start, ...(end && { end }), limit })];
  }

  /** Keys alone, likewise. */
  keys(table: TableName, start: Buffer, end: Buffer | undefined, limit: number): Buffer[] {
    return [...this.#tables[table].getKeys({ start, ...(end && { end }), limit })];
  }

  /** The last entry of a table. */
  last(table: TableName): Entry | undefined {
    return [...this.#tables[table].getRange({ reverse: true, limit: 1 })][0];
  }

  /**
   * Decides and writes. What `decide` throws is thrown here, and nothing of it is written.
   * @returns what `decide` returned, when everything is on disk
   * @throws what the disk said, such as ENOSPC; nothing of the batch is written then
   */
  change<T>(scope: Scope, decide: (writes: Writes) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ scope, decide, resolve: resolve as (value: unknown) => void, reject });
      if (!this.#writing) void this.#writeAll();
    });
  }

  /** Why nothing can be written any more; null while it can. */
  get failure(): unknown {
    return this.#failure;
  }

  async close(): Promise<void> {
    if (this.#writing)
      await new Promise<void>(resolve => {
        this.#idle = resolve;
      });
    await this.#env.close();
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) await this.#writeBatch(this.#takeBatch());
    this.#writing = false;
    this.#idle?.();
  }

  /** The longest waiting first; those that would meet another of the batch wait for the next, in their order. */
  #takeBatch(): Change[] {
    const alone = new Set<string>();
    const beside = new Set<string>();
    const batch: Change[] = [];
    const later: Change[] = [];
    for (const change of this.#waiting) {
      const { scope } = change;
      const meets =
        batch.length >= maxBatch ||
        scope.alone.some(name => alone.has(name) || beside.has(name)) ||
        scope.beside?.some(name => alone.has(name));
      (meets ? later : batch).push(change);
      for (const name of scope.alone) alone.add(name);
      for (const name of scope.beside ?? []) beside.add(name);
    }
    this.#waiting = later;
    return batch;
  }

  async #writeBatch(batch: readonly Change[]): Promise<void> {
    const decided: {
      readonly change: Change;
      readonly value: unknown;
      readonly after: readonly (() => void)[];
    }[] = [];
    const writes: Write[] = [];
    for (const change of batch) {
      const own: Write[] = [];
      const after: (() => void)[] = [];
      try {
        const value = change.decide({
          put: (table, key, bytes) => own.push({ table, key, value: bytes }),
          remove: (table, key) => own.push({ table, key, value: undefined }),
          after: work => after.push(work),
        });
        writes.push(...own);
        decided.push({ change, value, after });
      } catch (error) {
        change.reject(error);
      }
    }
    try {
      if (writes.length > 0) await this.#write(writes);
    } catch (error) {
      this.#failure = error;
      for (const { change } of decided) change.reject(error);
      return;
    }
    this.#failure = null;
    for (const { change, value, after } of decided) {
      for (const work of after) work();
      change.resolve(value);
    }
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const done: Promise<unknown>[] = [];
    const batch = this.#env.batch(() => {
      for (const { table, key, value } of writes) {
        const target = this.#tables[table];
        done.push(value === undefined ? target.remove(key) : target.put(key, value));
      }
    });
    // All at once: whichever tells of a failure first, the others' are heard too.
    await Promise.all([batch, ...done]);
  }
}
