/** Events of one source's database: taken, told of, and written down. */
import type { Pool, Statement } from '@peakstone/kernel/pg';
import { parseJson } from '../ir/json.ts';

export interface StoredEvent {
  readonly id: string;
  readonly schema: string;
  readonly table: string;
  readonly trigger: string;
  readonly payload: unknown;
  readonly tries: number;
  readonly createdAt: string;
  /** When it is to be tried again, if it has a time for that. */
  readonly retryAt: string | null;
}

/** What came of one try. */
export interface Invocation {
  readonly eventId: string;
  readonly trigger: string;
  readonly status: number | null;
  readonly request: unknown;
  readonly response: unknown;
}

export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'retry'; readonly afterSeconds: number };

const trusted: Statement = {
  text: "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
  values: [],
  prepare: false,
};

/**
 * Takes events that are due, each for one taker. A taker that was killed loses them when it has not claimed them for
 * `staleSeconds`: what it was about to deliver is delivered then, perhaps for the second time.
 */
export async function takeEvents(
  pool: Pool,
  triggers: readonly string[],
  { limit, staleSeconds }: { readonly limit: number; readonly staleSeconds: number },
): Promise<readonly StoredEvent[]> {
  const results = await pool.exchange({
    statements: [
      trusted,
      {
        text: `update hdb_catalog.event_log set locked = now()
          where id in (
            select l.id from hdb_catalog.event_log l
            where l.delivered = 'f' and l.error = 'f' and l.archived = 'f'
              and (l.locked is null or l.locked < now() - make_interval(secs => $1::float8))
              and (l.next_retry_at is null or l.next_retry_at <= now())
              and l.trigger_name = any($2::text[])
            order by l.locked nulls first, l.next_retry_at nulls first, l.created_at
            limit $3::int8 for update skip locked)
          returning id, schema_name, table_name, trigger_name, payload::text, tries, to_json(created_at) #>> '{}',
            next_retry_at::text, created_at`,
        values: [String(staleSeconds), textArray(triggers), String(limit)],
      },
    ],
  });
  return (results[1]?.rows ?? [])
    .map(row => row.map(cell => cell?.toString() ?? null))
    .sort((a, b) => (a[8]! < b[8]! ? -1 : a[8]! > b[8]! ? 1 : 0))
    .map(([id, schema, table, trigger, payload, tries, createdAt, retryAt]) => ({
      id: id!,
      schema: schema!,
      table: table!,
      trigger: trigger!,
      payload: parseJson(payload!),
      tries: Number(tries),
      createdAt: createdAt!,
      retryAt: retryAt ?? null,
    }));
}

/** Writes a try down, and what becomes of the event, in one transaction. */
export async function settleEvent(pool: Pool, invocation: Invocation, outcome: Outcome): Promise<void> {
  const { eventId, trigger, status, request, response } = invocation;
  await pool.exchange({
    statements: [
      trusted,
      {
        text: `insert into hdb_catalog.event_invocation_logs (trigger_name, event_id, status, request, response)
          values ($1, $2, $3, $4, $5)`,
        values: [
          trigger,
          eventId,
          status === null ? null : String(status),
          JSON.stringify(request),
          JSON.stringify(response),
        ],
      },
      settlement(eventId, outcome),
    ],
  });
}

function settlement(id: string, outcome: Outcome): Statement {
  switch (outcome.kind) {
    case 'delivered':
      return {
        text: "update hdb_catalog.event_log set delivered = 't', error = 'f', tries = tries + 1, locked = null, next_retry_at = null where id = $1",
        values: [id],
      };
    case 'failed':
      return {
        text: "update hdb_catalog.event_log set error = 't', tries = tries + 1, locked = null, next_retry_at = null where id = $1",
        values: [id],
      };
    case 'retry':
      return {
        text: 'update hdb_catalog.event_log set tries = tries + 1, locked = null, next_retry_at = now() + make_interval(secs => $2::float8) where id = $1',
        values: [id, String(outcome.afterSeconds)],
      };
  }
}

/** Says that they are still held. */
export async function claimEvents(pool: Pool, ids: readonly string[]): Promise<void> {
  await lockEvents(pool, ids, 'now()');
}

/** Gives events back that were taken and not tried: another instance, or this one after its restart, takes them. */
export async function releaseEvents(pool: Pool, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await lockEvents(pool, ids, 'null');
}

async function lockEvents(pool: Pool, ids: readonly string[], locked: 'now()' | 'null'): Promise<void> {
  await pool.exchange({
    statements: [
      trusted,
      {
        text: `update hdb_catalog.event_log set locked = ${locked} where id = any($1::text[]) and locked is not null`,
        values: [textArray(ids)],
      },
    ],
  });
}

function textArray(items: readonly string[]): string {
  return `{${items.map(item => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
