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

/** A subscriber's place in a poller. */
export interface Membership {
  /** Takes it out, and gives what it was sent last: for a poller after this one. */
  leave(): string | null;
}

interface Cohort {
  readonly key: string;
  /** Those of one batch have equal ones. */
  readonly batch: string;
  readonly session: Session;
  values: readonly (string | null)[];
  /** With the hash of what each was sent last; null for who has got nothing yet. */
  readonly subscribers: Map<Subscriber, string | null>;
}

/** Statements at once: the pool's connections are everybody's. */
const maxConcurrent = 4;

export class Poller {
  readonly #plan: ExecutablePlan;
  readonly #options: PollerOptions;
  readonly #cohorts = new Map<string, Cohort>();
  readonly #fresh = new Set<Cohort>();
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Immediate | null = null;
  #isRunning = false;
  #isClosed = false;

  constructor(plan: ExecutablePlan, options: PollerOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** `lastSent`: what it has been sent already, by a poller before this one. */
  join(
    subscriber: Subscriber,
    session: Session,
    values: readonly (string | null)[],
    lastSent: string | null = null,
  ): Membership {
    const batch = batchKey(session, this.#options.authorization);
    const key = `${batch}\n${JSON.stringify(values)}`;
    let cohort = this.#cohorts.get(key);
    if (!cohort) {
      cohort = { key, batch, session, values, subscribers: new Map() };
      this.#cohorts.set(key, cohort);
    }
    const joined = cohort;
    joined.subscribers.set(subscriber, lastSent);
    this.#fresh.add(joined);
    this.#wake();
    return { leave: () => this.#leave(joined, subscriber) };
  }

  #leave(cohort: Cohort, subscriber: Subscriber): string | null {
    const lastSent = cohort.subscribers.get(subscriber) ?? null;
    cohort.subscribers.delete(subscriber);
    if (cohort.subscribers.size > 0) return lastSent;
    this.#fresh.delete(cohort);
    if (this.#cohorts.get(cohort.key) === cohort) this.#cohorts.delete(cohort.key);
    if (this.#cohorts.size === 0) this.#close();
    return lastSent;
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
    const batches = this.#batches(cohorts);
    const work = async (): Promise<void> => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) await this.#fetch(batch);
    };
    await Promise.all(Array.from({ length: Math.min(maxConcurrent, batches.length) }, work));
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
    const parts =
      result.kind === 'row'
        ? assemble(this.#plan, [[{ tag: '', fields: [], rows: [result.cells] }]])
        : [result.error.pathText, result.error.code, result.error.message];
    const digest = digestOf(result.kind, parts);
    for (const [subscriber, lastSent] of cohort.subscribers) {
      if (lastSent === digest) continue;
      cohort.subscribers.set(subscriber, digest);
      if (result.kind === 'row') subscriber.onData(parts);
      else subscriber.onError(result.error, lastSent === null);
    }
  }
}

function digestOf(kind: string, parts: readonly (Uint8Array | string)[]): string {
  const bytes = Buffer.concat(
    [kind, ...parts].map(part => (typeof part === 'string' ? Buffer.from(part) : part)),
  );
  return hash('sha1', bytes, 'base64');
}
