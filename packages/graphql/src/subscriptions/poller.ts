/**
 * Asks again and again for all who subscribe alike, a batch at a time, and hands on what has changed. Whoever comes new is
 * asked for at once, together with those who come in the same moment.
 */
import { hash } from 'node:crypto';
import type { Session } from '../auth/types.ts';
import type { ExecutablePlan } from '../engine/types.ts';
import { assemble } from '../engine.ts';
import { HasuraError } from '../errors.ts';
import { type BatchContext, batchKey, type CohortResult, fetchBatch } from './batch.ts';

/** Whom results are for. */
export interface Subscriber {
  /** `{"data":{…}}`; the parts are the receiver's until it returns. */
  onData(parts: readonly (Uint8Array | string)[]): void;
  /** `isFirst`: nothing was ever delivered. */
  onError(error: HasuraError, isFirst: boolean): void;
}

export interface PollerOptions extends BatchContext {
  readonly intervalMs: number;
  readonly batchSize: number;
  /** Told when the last subscriber has gone. */
  readonly onEmpty: () => void;
  /** Told of what no client can have caused. */
  readonly onFault: (error: unknown) => void;
}

/** How far a subscriber has come. */
export interface Progress {
  /** The hash of what it was sent last; null for who has got nothing yet. */
  readonly sent: string | null;
  /** Where its stream stands; null at the beginning, and for live queries. */
  readonly cursor: string | null;
}

/** A subscriber's place in a poller. */
export interface Membership {
  /** Takes it out, and gives how far it has come: for a poller after this one. */
  leave(): Progress;
}

interface Cohort {
  readonly key: string;
  /** Those of one batch have equal ones. */
  readonly batch: string;
  readonly session: Session;
  readonly values: (string | null)[];
  hasMoved: boolean;
  /** With the hash of what each was sent last; null for who has got nothing yet. */
  readonly subscribers: Map<Subscriber, string | null>;
}

export class Poller {
  readonly #plan: ExecutablePlan;
  readonly #options: PollerOptions;
  readonly #cohorts = new Map<string, Cohort>();
  readonly #fresh = new Set<Cohort>();
  /** Which parameter is the cursor of a stream; below zero for live queries. */
  readonly #cursor: number;
  #streams = 0;
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Immediate | null = null;
  #isRunning = false;
  #isClosed = false;

  constructor(plan: ExecutablePlan, options: PollerOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#cursor = cursorOf(plan);
  }

  describe(isWhole: boolean) {
    const group = this.#plan.groups[0]!;
    const subscribers = [...this.#cohorts.values()].reduce((sum, each) => sum + each.subscribers.size, 0);
    return {
      kind: this.#cursor < 0 ? ('live' as const) : ('stream' as const),
      source: group.source,
      fields: this.#plan.roots.map(({ alias }) => alias),
      cohorts: this.#cohorts.size,
      subscribers,
      ...(isWhole && { sql: group.statements[0]!.text }),
    };
  }

  /** `progress`: how far it has come with a poller before this one. */
  join(
    subscriber: Subscriber,
    session: Session,
    values: readonly (string | null)[],
    progress: Progress | null = null,
  ): Membership {
    const batch = batchKey(session, this.#options.authorization, this.#plan.groups[0]!);
    // Streams that began alike are at different places soon.
    const key = this.#cursor < 0 ? `${batch}\n${JSON.stringify(values)}` : String(this.#streams++);
    let cohort = this.#cohorts.get(key);
    if (!cohort) {
      cohort = { key, batch, session, values: [...values], hasMoved: false, subscribers: new Map() };
      if (progress?.cursor != null) this.#moveOn(cohort, progress.cursor);
      this.#cohorts.set(key, cohort);
    }
    const joined = cohort;
    joined.subscribers.set(subscriber, progress?.sent ?? null);
    this.#fresh.add(joined);
    this.#wake();
    return { leave: () => this.#leave(joined, subscriber) };
  }

  #leave(cohort: Cohort, subscriber: Subscriber): Progress {
    const progress = {
      sent: cohort.subscribers.get(subscriber) ?? null,
      cursor: cohort.hasMoved ? cohort.values[this.#cursor]! : null,
    };
    cohort.subscribers.delete(subscriber);
    if (cohort.subscribers.size > 0) return progress;
    this.#fresh.delete(cohort);
    if (this.#cohorts.get(cohort.key) === cohort) this.#cohorts.delete(cohort.key);
    if (this.#cohorts.size === 0) this.#close();
    return progress;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#soon) clearImmediate(this.#soon);
    this.#options.onEmpty();
  }

  /** New ones are asked for when those who come in the same turn of the event loop have come. */
  #wake(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = null;
      void this.#run([...this.#fresh]);
    });
  }

  async #run(cohorts: readonly Cohort[]): Promise<void> {
    this.#isRunning = true;
    this.#fresh.clear();
    await Promise.all(
      this.#batches(cohorts).map(batch =>
        this.#options.rounds.ask(batch[0]!.session, async () => {
          // Who has left while it waited for its turn is asked for no more.
          const present = batch.filter(cohort => cohort.subscribers.size > 0);
          if (present.length > 0) await this.#fetch(present);
        }),
      ),
    );
    this.#isRunning = false;
    if (this.#isClosed) return;
    if (this.#fresh.size > 0) this.#wake();
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (!this.#isRunning) void this.#run([...this.#cohorts.values()]);
    }, this.#options.intervalMs);
  }

  #batches(cohorts: readonly Cohort[]): Cohort[][] {
    const byKey = new Map<string, Cohort[]>();
    const batches: Cohort[][] = [];
    for (const cohort of cohorts) {
      let batch = byKey.get(cohort.batch);
      if (!batch || batch.length >= this.#options.batchSize) {
        batch = [];
        byKey.set(cohort.batch, batch);
        batches.push(batch);
      }
      batch.push(cohort);
    }
    return batches;
  }

  #moveOn(cohort: Cohort, cursor: string): void {
    cohort.values[this.#cursor] = cursor;
    cohort.hasMoved = true;
  }

  async #fetch(batch: readonly Cohort[]): Promise<void> {
    try {
      await fetchBatch(this.#plan.groups[0]!, batch, this.#options, (cohort, result) =>
        this.#deliver(cohort, result),
      );
    } catch (error) {
      this.#options.onFault(error);
      const internal = new HasuraError('unexpected', 'internal server error', { cause: error });
      for (const cohort of batch) this.#deliver(cohort, { kind: 'error', error: internal });
    }
  }

  #deliver(cohort: Cohort, result: CohortResult): void {
    const isOfStream = this.#cursor >= 0 && result.kind === 'row';
    if (isOfStream) {
      const [rows, cursor] = result.cells;
      if (cursor) this.#moveOn(cohort, cursor.toString());
      if (rows?.length === noRows.length && rows.toString() === noRows) {
        // Not the first to come any more: what fails from now on does not end it.
        for (const [subscriber, sent] of cohort.subscribers) cohort.subscribers.set(subscriber, sent ?? '');
        return;
      }
    }
    const parts =
      result.kind === 'row'
        ? assemble(this.#plan, [[{ tag: '', fields: [], rows: [result.cells] }]])
        : [result.error.pathText, result.error.code, result.error.message];
    const digest = digestOf(result.kind, parts);
    for (const [subscriber, lastSent] of cohort.subscribers) {
      // Rows of a stream are others, however alike.
      if (lastSent === digest && !isOfStream) continue;
      cohort.subscribers.set(subscriber, digest);
      if (result.kind === 'row') subscriber.onData(parts);
      else subscriber.onError(result.error, lastSent === null);
    }
  }
}

const noRows = '[]';

function cursorOf({ groups }: ExecutablePlan): number {
  return groups[0]!.statements[0]!.params.findIndex(({ kind }) => kind === 'cursor');
}

/** Streams and live queries are asked at intervals of their own. */
export function isStream(plan: ExecutablePlan): boolean {
  return cursorOf(plan) >= 0;
}

function digestOf(kind: string, parts: readonly (Uint8Array | string)[]): string {
  const bytes = Buffer.concat(
    [kind, ...parts].map(part => (typeof part === 'string' ? Buffer.from(part) : part)),
  );
  return hash('sha1', bytes, 'base64');
}
