/** Scheduled events in the metadata's database: made ahead, taken when due, and written down. */
import type { Pool } from '@peakstone/kernel/pg';
import type { HeaderConf, UrlConf } from '../definition/webhook.ts';
import { kinds, type ScheduledKind, type ScheduledRetryConf } from './types.ts';

export interface DueEvent {
  readonly kind: ScheduledKind;
  readonly id: string;
  /** Of a cron event: its trigger. */
  readonly trigger: string | null;
  readonly scheduledTime: string;
  readonly lateSeconds: number;
  readonly tries: number;
  readonly createdAt: string;
  /** Of a one-off event, which has all in itself. */
  readonly oneOff: OneOffConf | null;
}

export interface OneOffConf {
  readonly webhook: UrlConf;
  readonly payload: unknown;
  readonly retry: ScheduledRetryConf | null;
  readonly headers: readonly HeaderConf[] | null;
  readonly comment: string | null;
}

/** Events at once: one instance takes no more than it can deliver. */
const batchSize = 50;
/** Of a taker that was killed: then another one takes the event. Longer than any webhook has, and its retries. */
const staleMinutes = 10;

/** How many events of each trigger are there yet to come, and when the last of them is. */
export async function upcoming(
  pool: Pool,
): Promise<ReadonlyMap<string, { readonly count: number; readonly last: Date }>> {
  const { rows } = await pool.query(
    `select trigger_name, count(*), max(scheduled_time)::text from ${kinds.cron.events}
     where status operator(pg_catalog.=) 'scheduled' group by trigger_name`,
  );
  return new Map(
    rows.map(([name, count, last]) => [
      name!.toString(),
      { count: Number(count!.toString()), last: new Date(last!.toString()) },
    ]),
  );
}

/** Makes events that are not there yet: of several instances, one does. */
export async function addCronEvents(pool: Pool, trigger: string, times: readonly Date[]): Promise<void> {
  if (times.length === 0) return;
  await pool.query(
    `insert into ${kinds.cron.events} (trigger_name, scheduled_time)
     select $1, t from unnest($2::timestamptz[]) t
     on conflict (trigger_name, scheduled_time) where status = 'scheduled' do nothing`,
    [trigger, `{${times.map(time => time.toISOString()).join(',')}}`],
  );
}

/** Forgets what a trigger was to do. */
export async function dropCronEvents(pool: Pool, trigger: string): Promise<void> {
  await pool.query(`delete from ${kinds.cron.events} where trigger_name = $1 and status = 'scheduled'`, [
    trigger,
  ]);
}

/** Takes what is due, each for one taker. */
export async function takeDue(
  pool: Pool,
  kind: ScheduledKind,
  triggers: readonly string[],
): Promise<readonly DueEvent[]> {
  const own =
    kind === 'cron'
      ? 'trigger_name, null, null, null, null, null'
      : 'null, webhook_conf::text, payload::text, retry_conf::text, header_conf::text, comment';
  const { rows } = await pool.query(
    `update ${kinds[kind].events} set status = 'locked', next_retry_at = now() + make_interval(mins => ${staleMinutes})
     where id in (
       select id from ${kinds[kind].events}
       where ((status = 'scheduled' and coalesce(next_retry_at, scheduled_time) <= now())
           or (status = 'locked' and next_retry_at <= now()))
         ${kind === 'cron' ? 'and trigger_name = any($1::text[])' : 'and $1::text[] is not null'}
       order by scheduled_time limit ${batchSize} for update skip locked)
     returning id, to_json(scheduled_time) #>> '{}', extract(epoch from now() - scheduled_time)::text, tries,
       to_json(created_at) #>> '{}', ${own}`,
    [`{${triggers.map(name => JSON.stringify(name)).join(',')}}`],
  );
  return rows
    .map(row => row.map(cell => cell?.toString() ?? null))
    .map(
      ([id, scheduledTime, late, tries, createdAt, trigger, webhook, payload, retry, headers, comment]) => ({
        kind,
        id: id!,
        trigger: trigger ?? null,
        scheduledTime: scheduledTime!,
        lateSeconds: Number(late),
        tries: Number(tries),
        createdAt: createdAt!,
        oneOff:
          kind === 'cron'
            ? null
            : {
                webhook: JSON.parse(webhook!) as UrlConf,
                payload: JSON.parse(payload ?? 'null') as unknown,
                retry: JSON.parse(retry ?? 'null') as ScheduledRetryConf | null,
                headers: JSON.parse(headers ?? 'null') as readonly HeaderConf[] | null,
                comment: comment ?? null,
              },
      }),
    );
}

export type ScheduledOutcome =
  | { readonly kind: 'delivered' | 'error' | 'dead' }
  | { readonly kind: 'retry'; readonly afterSeconds: number };

export interface ScheduledInvocation {
  readonly status: number | null;
  readonly request: unknown;
  readonly response: unknown;
}

/** Writes down what came of it. `invocation` is null for one that was too late to be tried. */
export async function settleDue(
  pool: Pool,
  { kind, id }: Pick<DueEvent, 'kind' | 'id'>,
  invocation: ScheduledInvocation | null,
  outcome: ScheduledOutcome,
): Promise<void> {
  const { events, logs } = kinds[kind];
  const settle =
    outcome.kind === 'retry'
      ? {
          text: `update ${events} set status = 'scheduled', tries = tries + 1, next_retry_at = now() + make_interval(secs => $2::float8) where id = $1`,
          values: [id, String(outcome.afterSeconds)],
        }
      : {
          text: `update ${events} set status = $2, tries = tries + $3::int4, next_retry_at = null where id = $1`,
          values: [id, outcome.kind, invocation === null ? '0' : '1'],
        };
  await pool.exchange({
    statements: [
      ...(invocation === null
        ? []
        : [
            {
              text: `insert into ${logs} (event_id, status, request, response) values ($1, $2, $3, $4)`,
              values: [
                id,
                invocation.status === null ? null : String(invocation.status),
                JSON.stringify(invocation.request),
                JSON.stringify(invocation.response),
              ],
            },
          ]),
      settle,
    ],
  });
}

/** Seconds until the next event is due; null when there is none. */
export async function nextDueSeconds(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query(
    `select extract(epoch from min(at) - now())::text from (
       select min(coalesce(next_retry_at, scheduled_time)) as at from ${kinds.cron.events} where status = 'scheduled'
       union all
       select min(coalesce(next_retry_at, scheduled_time)) from ${kinds.one_off.events} where status = 'scheduled') s`,
  );
  const text = rows[0]?.[0]?.toString();
  return text === undefined ? null : Number(text);
}
