/** Asynchronous actions in the metadata's database: written down when called, taken and answered by any instance. */
import { randomUUID } from 'node:crypto';
import type { Pool } from '@peakstone/kernel/pg';
import { parseJson } from '../ir/json.ts';

export interface AsyncCall {
  readonly id: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly session: Readonly<Record<string, string>>;
}

export interface AsyncRecord {
  readonly id: string;
  readonly createdAt: string;
  readonly status: string;
  readonly response: unknown;
  readonly errors: unknown;
  readonly session: Readonly<Record<string, string>>;
}

/** Gives the id. */
export async function recordCall(pool: Pool, call: Omit<AsyncCall, 'id'>): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `insert into hdb_catalog.hdb_action_log (id, action_name, input_payload, request_headers, session_variables, status)
     values ($1::uuid, $2, $3::jsonb, $4::jsonb, $5::jsonb, 'created')`,
    [id, call.action, JSON.stringify(call.input), JSON.stringify(call.headers), JSON.stringify(call.session)],
  );
  return id;
}

/** Null for an id that there is not. */
export async function findCall(pool: Pool, action: string, id: string): Promise<AsyncRecord | null> {
  const { rows } = await pool.query(
    `select id::text, to_json(created_at) #>> '{}', status, response_payload::text, errors::text, session_variables::text
     from hdb_catalog.hdb_action_log where id::text operator(pg_catalog.=) $1 and action_name = $2`,
    [id.toLowerCase(), action],
  );
  const cells = rows[0]?.map(cell => cell?.toString() ?? null);
  if (!cells) return null;
  const [found, createdAt, status, response, errors, session] = cells;
  return {
    id: found!,
    createdAt: createdAt!,
    status: status!,
    response: parseJson(response ?? 'null'),
    errors: parseJson(errors ?? 'null'),
    session: JSON.parse(session!) as Record<string, string>,
  };
}

/** What was taken by a server that was killed is taken again after the longest time that an action has, and this much more. */
const staleMarginSeconds = 60;

export async function takeCalls(
  pool: Pool,
  actions: ReadonlyMap<string, number>,
  limit: number,
): Promise<readonly AsyncCall[]> {
  if (actions.size === 0 || limit <= 0) return [];
  const longest = Math.max(...actions.values()) + staleMarginSeconds;
  const { rows } = await pool.query(
    `update hdb_catalog.hdb_action_log set status = 'processing', response_received_at = now()
     where id in (
       select id from hdb_catalog.hdb_action_log
       where action_name = any($1::text[]) and (status = 'created'
         or (status = 'processing' and response_received_at < now() - make_interval(secs => $2::float8)))
       order by created_at limit $3::int8 for update skip locked)
     returning id::text, action_name, input_payload::text, request_headers::text, session_variables::text`,
    [`{${[...actions.keys()].map(name => JSON.stringify(name)).join(',')}}`, String(longest), String(limit)],
  );
  return rows
    .map(row => row.map(cell => cell!.toString()))
    .map(([id, action, input, headers, session]) => ({
      id: id!,
      action: action!,
      input: parseJson(input!) as Record<string, unknown>,
      headers: JSON.parse(headers!) as Record<string, string>,
      session: JSON.parse(session!) as Record<string, string>,
    }));
}

export async function completeCall(
  pool: Pool,
  id: string,
  outcome: { readonly response: unknown } | { readonly errors: unknown },
): Promise<void> {
  const [member, value, status] =
    'response' in outcome
      ? (['response_payload', outcome.response, 'completed'] as const)
      : (['errors', outcome.errors, 'error'] as const);
  await pool.query(
    `update hdb_catalog.hdb_action_log set ${member} = $2::jsonb, status = '${status}', response_received_at = now()
     where id = $1::uuid`,
    [id, JSON.stringify(value)],
  );
}

/** Gives back what was taken and not answered. */
export async function releaseCall(pool: Pool, id: string): Promise<void> {
  await pool.query("update hdb_catalog.hdb_action_log set status = 'created' where id = $1::uuid", [id]);
}

export async function deleteCalls(pool: Pool, action: string): Promise<void> {
  await pool.query('delete from hdb_catalog.hdb_action_log where action_name = $1', [action]);
}
