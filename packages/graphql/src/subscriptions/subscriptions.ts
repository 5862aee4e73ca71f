/** All live operations of a server: who asks alike shares a poller, and a changed schema is planned for anew. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { runWhole } from '@peakstone/kernel/pace';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { fillParams } from '../engine/fill.ts';
import { planBytes } from '../engine/memo.ts';
import type { ExecutablePlan, GraphqlRequest } from '../engine/types.ts';
import { assemble, type Engine } from '../engine.ts';
import { HasuraError } from '../errors.ts';
import { isSmallJson } from '../ir/jsonSlices.ts';
import type { BatchContext } from './batch.ts';
import { pollOperation } from './polled.ts';
import { isStream, type Membership, Poller, type Progress, type Subscriber } from './poller.ts';
import { createRounds, type Rounds } from './rounds.ts';
import { type Holder, Shares } from './shares.ts';

export interface SubscriptionsContext extends Pick<BatchContext, 'database'> {
  readonly config: GraphqlConfig;
  readonly engine: Engine;
  /** Told of what no client can have caused. */
  readonly onFault: (error: unknown) => void;
}

/** A live operation. */
export interface Live {
  end(): void;
}

export interface LiveOperation {
  readonly request: GraphqlRequest;
  readonly session: Session;
  readonly kind: 'standard' | 'relay';
  readonly subscriber: Subscriber;
  /** Whose share it is of. */
  readonly holder: Holder;
}

interface Entry extends LiveOperation {
  key: string;
  membership: Membership;
}

/** Operations that are planned anew before others have their turn. */
const replanned = 50;
/** Of one's variables: they are held for as long as it lives, and sent each time. */
const maxValues = 5000;

export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #pollers = new Map<string, Poller>();
  readonly #entries = new Set<Entry>();
  readonly #polled = new Set<Live>();
  readonly #shares: Shares;
  readonly #rounds: Rounds;
  #version = 0;

  constructor(context: SubscriptionsContext) {
    this.#context = context;
    this.#shares = new Shares(context.config.liveShares);
    this.#rounds = createRounds(context.config.pool.connections);
  }

  get size(): number {
    return this.#entries.size + this.#polled.size;
  }

  /** What is asked again and again, and for how many. */
  describe(isWhole: boolean): { readonly live_queries: unknown[]; readonly streaming_queries: unknown[] } {
    const shown = [...this.#pollers.values()].map(poller => poller.describe(isWhole));
    return {
      live_queries: shown.filter(({ kind }) => kind === 'live').map(({ kind: _, ...rest }) => rest),
      streaming_queries: shown.filter(({ kind }) => kind === 'stream').map(({ kind: _, ...rest }) => rest),
    };
  }

  /**
   * Begins to deliver an operation that was planned as a subscription; null when it has been answered for good, as no
   * database is asked.
   * @throws {HasuraError} for values that are missing, or too many, and where its holder has as many as he may
   */
  begin(plan: ExecutablePlan, operation: LiveOperation): Live | null {
    if (!isSmallJson(operation.request.variables, maxValues))
      throw new HasuraError(
        'validation-failed',
        `the variables of a subscription may hold ${maxValues} values, texts counted by their length`,
      );
    if (plan.calls.length === 0 && plan.groups.length === 0) {
      operation.subscriber.onData(assemble(plan, []));
      return null;
    }
    const giveBack = this.#shares.take(operation.holder, requestBytes(operation.request) + planBytes(plan));
    let live: Live;
    try {
      live = plan.calls.length > 0 ? this.#poll(plan, operation) : this.#follow(plan, operation);
    } catch (error) {
      giveBack();
      throw error;
    }
    return {
      end: () => {
        live.end();
        giveBack();
      },
    };
  }

  /** What one database answers is asked for all who subscribe alike. */
  #follow(plan: ExecutablePlan, operation: LiveOperation): Live {
    const { key, membership } = this.#join(plan, operation, null);
    const entry: Entry = { ...operation, key, membership };
    this.#entries.add(entry);
    return {
      end: () => {
        if (this.#entries.delete(entry)) entry.membership.leave();
      },
    };
  }

  /** What no database answers alone is asked for again and again, each subscriber for itself. */
  #poll(plan: ExecutablePlan, operation: LiveOperation): Live {
    const { engine, config, onFault } = this.#context;
    const live = pollOperation(() => engine.run(plan, operation.request, operation.session), {
      subscriber: operation.subscriber,
      intervalMs: Math.max(1, config.liveQueries.refetchIntervalMs),
      onFault,
    });
    this.#polled.add(live);
    return {
      end: () => {
        if (this.#polled.delete(live)) live.end();
      },
    };
  }

  #join(plan: ExecutablePlan, { request, session, subscriber }: LiveOperation, progress: Progress | null) {
    const { config } = this.#context;
    const group = plan.groups[0]!;
    const { text, params } = group.statements[0]!;
    const values = runWhole(fillParams(params, request.variables, session)) as (string | null)[];
    const key = JSON.stringify([group.source, session.role, plan.roots, text]);
    let poller = this.#pollers.get(key);
    if (!poller) {
      const { refetchIntervalMs, batchSize } = isStream(plan) ? config.streamingQueries : config.liveQueries;
      const made = new Poller(plan, {
        authorization: config.authorization,
        database: source => this.#context.database(source),
        rounds: this.#rounds,
        intervalMs: Math.max(1, refetchIntervalMs),
        batchSize: Math.max(1, batchSize),
        onEmpty: () => {
          if (this.#pollers.get(key) === made) this.#pollers.delete(key);
        },
        onFault: this.#context.onFault,
      });
      poller = made;
      this.#pollers.set(key, poller);
    }
    return { key, membership: poller.join(subscriber, session, values, progress) };
  }

  /** Plans all anew by the schema that is in force now; what it no longer allows ends with the reason. */
  async replan(): Promise<void> {
    const version = ++this.#version;
    let done = 0;
    for (const entry of [...this.#entries]) {
      if (done++ % replanned === 0) await nextTurn();
      // A later change plans for this one, too.
      if (version !== this.#version) return;
      try {
        const plan = await this.#context.engine.plan(entry.request, entry.session, { kind: entry.kind });
        if (!this.#entries.has(entry)) continue;
        const progress = entry.membership.leave();
        const { key, membership } = this.#join(plan, entry, progress);
        entry.key = key;
        entry.membership = membership;
      } catch (error) {
        if (!this.#entries.delete(entry)) continue;
        entry.membership.leave();
        if (!(error instanceof HasuraError)) this.#context.onFault(error);
        entry.subscriber.onError(
          error instanceof HasuraError ? error : new HasuraError('unexpected', 'internal server error'),
          true,
        );
      }
    }
  }
}

/** By estimate: what its variables are read into is bounded by itself. */
function requestBytes({ query, variables }: GraphqlRequest): number {
  return 1000 + query.length + 100 * Object.keys(variables).length;
}
