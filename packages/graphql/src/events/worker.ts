/**
 * Delivers events of a source: takes a batch, tells webhooks of it, some at once, and takes the next while it does. Slow
 * webhooks hold their own events and no more: what is taken and what is under way are bounded.
 */
import { PgError, type Pool } from '@peakstone/kernel/pg';
import type { GraphqlConfig } from '../config/types.ts';
import type { SourceModel } from '../model/types.ts';
import { deliver } from '../webhook/invoke.ts';
import {
  claimEvents,
  type Outcome,
  releaseEvents,
  type StoredEvent,
  settleEvent,
  takeEvents,
} from './log.ts';
import { triggersOf } from './triggers.ts';
import { defaultRetry, type EventTriggerConf } from './types.ts';

export interface EventWorkerOptions {
  readonly config: GraphqlConfig;
  /** The source as it is now; undefined when it is no longer there. */
  source(): SourceModel | undefined;
  pool(): Pool;
  /** Told of what stands in the way, such as a database that is away. */
  readonly onFault: (error: unknown) => void;
}

export interface EventWorker {
  /** Takes no more, gives back what was taken and not begun, and settles when the rest is done or `graceMs` have passed. */
  stop(graceMs: number): Promise<void>;
}

/** What is held is claimed anew this often, however long it waits for its turn or its webhook. */
const claimMs = 5000;
/** What nobody has claimed for so long is of a taker that was killed, and is taken by the next. */
const staleSeconds = 20;

export function startEventWorker(options: EventWorkerOptions): EventWorker {
  const { httpPoolSize, fetchIntervalMs, fetchBatchSize } = options.config.events;
  const waiting: StoredEvent[] = [];
  const running = new Map<string, Promise<void>>();
  const aborter = new AbortController();
  let isStopped = false;
  let isTaking = false;
  let wasTold = false;
  let timer: NodeJS.Timeout | null = null;

  /** Tables that are gone are those of a source that is forgotten. */
  const onFault = (error: unknown): void => {
    if (!(error instanceof PgError && (error.code === '42P01' || error.code === '3F000')))
      options.onFault(error);
  };

  const triggers = (): ReadonlyMap<string, EventTriggerConf> => triggersOf(options.source());

  const begin = (): void => {
    while (!isStopped && running.size < httpPoolSize) {
      const event = waiting.shift();
      if (!event) break;
      const done = handle(event)
        .catch(onFault)
        .then(() => {
          running.delete(event.id);
          begin();
        });
      running.set(event.id, done);
    }
    if (waiting.length < fetchBatchSize && !timer) void take();
  };

  const handle = async (event: StoredEvent): Promise<void> => {
    const trigger = triggers().get(event.trigger);
    // Dropped meanwhile: its events are archived, and nobody takes them.
    if (!trigger) return;
    await deliverEvent(event, trigger, options, aborter.signal);
  };

  const take = async (): Promise<void> => {
    if (isStopped || isTaking) return;
    isTaking = true;
    let taken: readonly StoredEvent[] = [];
    try {
      const known = triggers();
      if (known.size > 0)
        taken = await takeEvents(options.pool(), [...known.keys()], {
          limit: fetchBatchSize,
          staleSeconds,
        });
      wasTold = false;
    } catch (error) {
      if (!wasTold && !isStopped) onFault(error);
      wasTold = true;
    }
    isTaking = false;
    waiting.push(...taken);
    if (isStopped) return;
    if (taken.length < fetchBatchSize)
      timer = setTimeout(() => {
        timer = null;
        begin();
      }, fetchIntervalMs);
    begin();
  };

  const claim = setInterval(() => {
    const held = [...waiting.map(({ id }) => id), ...running.keys()];
    if (held.length > 0) void claimEvents(options.pool(), held).catch(onFault);
  }, claimMs);
  claim.unref();
  void take();
  return {
    async stop(graceMs) {
      isStopped = true;
      if (timer) clearTimeout(timer);
      clearInterval(claim);
      const left = waiting.splice(0).map(({ id }) => id);
      await releaseEvents(options.pool(), left).catch(onFault);
      const grace = setTimeout(() => aborter.abort(), graceMs);
      await Promise.all(running.values());
      clearTimeout(grace);
    },
  };
}

async function deliverEvent(
  event: StoredEvent,
  trigger: EventTriggerConf,
  { config, pool }: EventWorkerOptions,
  signal: AbortSignal,
): Promise<void> {
  const retry = { ...defaultRetry, ...trigger.retry_conf };
  const told = event.payload as { readonly session_variables?: Readonly<Record<string, string>> | null };
  const payload = {
    created_at: event.createdAt,
    delivery_info: { current_retry: event.tries, max_retries: retry.num_retries },
    event: event.payload,
    id: event.id,
    table: { schema: event.schema, name: event.table },
    trigger: { name: event.trigger },
  };
  const result = await deliver(
    {
      webhook: trigger.webhook ?? { from_env: trigger.webhook_from_env! },
      headers: trigger.headers,
      payload,
      timeoutMs: 1000 * (retry.timeout_sec ?? defaultRetry.timeout_sec!),
      requestTransform: trigger.request_transform,
      responseTransform: trigger.response_transform,
      sessionVariables: new Map(Object.entries(told.session_variables ?? {})),
    },
    config,
    signal,
  );
  // Ended by our own stop, not by the webhook: it is given back as if it had not been tried.
  if (signal.aborted && result.status === null) return await releaseEvents(pool(), [event.id]);
  await settleEvent(
    pool(),
    {
      eventId: event.id,
      trigger: event.trigger,
      status: result.status,
      request: result.request,
      response: result.response,
    },
    outcomeOf(result.isDelivered, result.retryAfterSeconds, event.tries, retry),
  );
}

/** A webhook that names a time is asked again then, however often that was. Pure. */
function outcomeOf(
  isDelivered: boolean,
  retryAfterSeconds: number | null,
  tries: number,
  {
    num_retries: retries,
    interval_sec: interval,
  }: { readonly num_retries: number; readonly interval_sec: number },
): Outcome {
  if (isDelivered) return { kind: 'delivered' };
  if (retryAfterSeconds !== null) return { kind: 'retry', afterSeconds: retryAfterSeconds };
  return tries >= retries ? { kind: 'failed' } : { kind: 'retry', afterSeconds: interval };
}
