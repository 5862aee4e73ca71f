/** Deletes logs of events that are done with, by each trigger's own schedule or when asked for. */
import { isDue, parseCron } from '@peakstone/kernel/cron';
import type { Pool, Statement } from '@peakstone/kernel/pg';
import type { CleanupConf } from './types.ts';

export interface Cleaned {
  readonly events: number;
  readonly invocations: number;
}

const defaults = { batchSize: 10_000, timeoutSeconds: 60 };

const trusted: Statement = {
  text: "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
  values: [],
  prepare: false,
};

/** A batch at a time, until none is left or the time is over. */
export async function cleanLogs(pool: Pool, trigger: string, conf: CleanupConf): Promise<Cleaned> {
  const batchSize = conf.batch_size ?? defaults.batchSize;
  const endsAt = Date.now() + 1000 * (conf.timeout ?? defaults.timeoutSeconds);
  let events = 0;
  let invocations = 0;
  for (;;) {
    const batch = await cleanBatch(pool, trigger, conf, batchSize);
    events += batch.events;
    invocations += batch.invocations;
    if (batch.events < batchSize || Date.now() > endsAt) return { events, invocations };
  }
}

async function cleanBatch(
  pool: Pool,
  trigger: string,
  { clear_older_than: hours, clean_invocation_logs: cleansInvocations }: CleanupConf,
  batchSize: number,
): Promise<Cleaned> {
  // Without their events, invocations stay as a record of their own.
  const ofInvocations = cleansInvocations
    ? 'delete from hdb_catalog.event_invocation_logs i using gone where i.event_id = gone.id returning 1'
    : 'update hdb_catalog.event_invocation_logs i set event_id = null from gone where i.event_id = gone.id and false returning 1';
  const results = await pool.exchange({
    statements: [
      trusted,
      {
        text: `with chosen as (
            select id from hdb_catalog.event_log
            where trigger_name = $1 and (delivered or error or archived) and locked is null
              and created_at < now() - make_interval(hours => $2::int4)
            order by created_at limit $3::int8 for update skip locked
          ), gone as (
            delete from hdb_catalog.event_log l using chosen where l.id = chosen.id returning l.id
          ), others as (${ofInvocations})
          select (select count(*) from gone), (select count(*) from others)`,
        values: [trigger, String(hours), String(batchSize)],
      },
    ],
  });
  const [events, invocations] = results[1]!.rows[0]!.map(cell => Number(cell!.toString()));
  return { events: events!, invocations: invocations! };
}

/** Cleans when its minute has come; of several instances, the one that says so first. */
export async function cleanWhenDue(pool: Pool, trigger: string, conf: CleanupConf, now: Date): Promise<void> {
  const times = parseCron(conf.schedule);
  if (conf.paused || !times || !isDue(times, now)) return;
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000).toISOString();
  const claimed = await pool.exchange({
    statements: [
      trusted,
      {
        text: `insert into hdb_catalog.hdb_event_log_cleanups (trigger_name, scheduled_at, status)
          values ($1, $2::timestamptz at time zone 'utc', 'scheduled')
          on conflict (trigger_name, scheduled_at) do nothing returning id`,
        values: [trigger, minute],
      },
    ],
  });
  const id = claimed[1]?.rows[0]?.[0]?.toString();
  if (id === undefined) return;
  const { events, invocations } = await cleanLogs(pool, trigger, conf);
  await pool.exchange({
    statements: [
      trusted,
      {
        text: `update hdb_catalog.hdb_event_log_cleanups
          set status = 'completed', deleted_event_logs = $2::int4, deleted_event_invocation_logs = $3::int4 where id = $1`,
        values: [id, String(events), String(invocations)],
      },
    ],
  });
}
