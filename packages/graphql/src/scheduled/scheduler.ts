/** Cron triggers and one-off events: events are made ahead, and delivered when their time has come. */
import { nextTime, parseCron } from '@peakstone/kernel/cron';
import type { Pool } from '@peakstone/kernel/pg';
import type { GraphqlConfig } from '../config/types.ts';
import type { Model } from '../model/types.ts';
import { deliver } from '../webhook/invoke.ts';
import {
  addCronEvents,
  type DueEvent,
  nextDueSeconds,
  type OneOffConf,
  type ScheduledOutcome,
  settleDue,
  takeDue,
  upcoming,
} from './log.ts';
import { type CronTriggerConf, defaultScheduledRetry } from './types.ts';

export interface SchedulerOptions {
  readonly config: GraphqlConfig;
  readonly pool: Pool;
  model(): Model;
  readonly onFault: (error: unknown) => void;
}

export interface Scheduler {
  /** Looks at once: something was made that may be due before the next look. */
  wake(): void;
  stop(graceMs: number): Promise<void>;
}

/** Events of a trigger are made when fewer than these are there, so many at once. */
const minUpcoming = 50;
const made = 100;
/** The longest until the next look: another instance may have made events meanwhile. */
const maxWaitMs = 3_000;
const minWaitMs = 200;

export function startScheduler(options: SchedulerOptions): Scheduler {
  const { pool, onFault } = options;
  const aborter = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let isStopped = false;
  let wasTold = false;
  let isWoken = false;

  const look = async (): Promise<void> => {
    let waitMs = maxWaitMs;
    try {
      const triggers = cronTriggers(options.model());
      await makeAhead(pool, triggers);
      const due = [
        ...(triggers.length > 0
          ? await takeDue(
              pool,
              'cron',
              triggers.map(({ name }) => name),
            )
          : []),
        ...(await takeDue(pool, 'one_off', [])),
      ];
      await Promise.all(
        due.map(event => deliverDue(event, triggers, options, aborter.signal).catch(onFault)),
      );
      const seconds = await nextDueSeconds(pool);
      if (seconds !== null) waitMs = Math.min(maxWaitMs, Math.max(minWaitMs, Math.ceil(seconds * 1000)));
      wasTold = false;
    } catch (error) {
      if (!wasTold && !isStopped) onFault(error);
      wasTold = true;
    }
    running = null;
    if (isStopped) return;
    if (isWoken) begin();
    else timer = setTimeout(begin, waitMs);
  };
  const begin = (): void => {
    if (timer) clearTimeout(timer);
    timer = null;
    isWoken = false;
    running ??= look();
  };
  begin();
  return {
    wake() {
      if (running) isWoken = true;
      else if (!isStopped) begin();
    },
    async stop(graceMs) {
      isStopped = true;
      if (timer) clearTimeout(timer);
      const grace = setTimeout(() => aborter.abort(), graceMs);
      await running;
      clearTimeout(grace);
    },
  };
}

function cronTriggers({ metadata }: Model): readonly CronTriggerConf[] {
  return (metadata.cron_triggers ?? []) as unknown as readonly CronTriggerConf[];
}

async function makeAhead(pool: Pool, triggers: readonly CronTriggerConf[]): Promise<void> {
  if (triggers.length === 0) return;
  const known = await upcoming(pool);
  for (const { name, schedule } of triggers) {
    const there = known.get(name);
    const times = parseCron(schedule);
    if (!times || (there && there.count >= minUpcoming)) continue;
    const list: Date[] = [];
    let at = there?.last ?? new Date();
    while (list.length < made) {
      const next = nextTime(times, at);
      if (!next) break;
      list.push(next);
      at = next;
    }
    await addCronEvents(pool, name, list);
  }
}

async function deliverDue(
  event: DueEvent,
  triggers: readonly CronTriggerConf[],
  { config, pool }: SchedulerOptions,
  signal: AbortSignal,
): Promise<void> {
  const trigger = triggers.find(({ name }) => name === event.trigger);
  const conf: OneOffConf | null = event.oneOff ?? (trigger ? confOf(trigger) : null);
  if (!conf) return;
  const retry = { ...defaultScheduledRetry, ...conf.retry };
  // Late for the first time, as nobody was there; what has been tried is tried to its end.
  if (event.tries === 0 && event.lateSeconds > retry.tolerance_seconds)
    return await settleDue(pool, event, null, { kind: 'dead' });
  const result = await deliver(
    {
      webhook: conf.webhook,
      headers: conf.headers ?? undefined,
      payload: {
        scheduled_time: utc(event.scheduledTime),
        payload: conf.payload,
        id: event.id,
        ...(trigger ? { name: trigger.name } : { created_at: utc(event.createdAt) }),
        ...(conf.comment !== null && { comment: conf.comment }),
      },
      timeoutMs: 1000 * retry.timeout_seconds,
      requestTransform: trigger?.request_transform,
      responseTransform: trigger?.response_transform,
      sessionVariables: new Map(),
    },
    config,
    signal,
  );
  if (signal.aborted && result.status === null)
    return await settleDue(pool, event, null, { kind: 'retry', afterSeconds: 0 });
  await settleDue(pool, event, result, outcomeOf(result, event.tries, retry));
}

/** As the reference writes a time. */
function utc(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}

function confOf({ webhook, payload, retry_conf, headers, comment }: CronTriggerConf): OneOffConf {
  return {
    webhook,
    payload: payload ?? null,
    retry: retry_conf ?? null,
    headers: headers ?? null,
    comment: comment ?? null,
  };
}

function outcomeOf(
  result: { readonly isDelivered: boolean; readonly retryAfterSeconds: number | null },
  tries: number,
  retry: typeof defaultScheduledRetry,
): ScheduledOutcome {
  if (result.isDelivered) return { kind: 'delivered' };
  if (result.retryAfterSeconds !== null) return { kind: 'retry', afterSeconds: result.retryAfterSeconds };
  if (tries >= retry.num_retries) return { kind: 'error' };
  return { kind: 'retry', afterSeconds: retry.retry_interval_seconds };
}
