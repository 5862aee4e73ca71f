/** Cron triggers, one-off events, and the logs of both. */
import { parseCron } from '@peakstone/kernel/cron';
import type { Pool } from '@peakstone/kernel/pg';
import { compact } from '../../definition/edit.ts';
import type { CronTrigger, Metadata } from '../../definition/metadata.ts';
import type { UrlConf } from '../../definition/webhook.ts';
import { HasuraError } from '../../errors.ts';
import { dropCronEvents } from '../../scheduled/log.ts';
import {
  type CronTriggerConf,
  kinds,
  type ScheduledKind,
  type ScheduledRetryConf,
} from '../../scheduled/types.ts';
import { assertHeaders } from '../../webhook/environment.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';

/** @throws {HasuraError} where metadata is kept in memory alone */
function poolOf({ store }: CommandContext): Pool {
  if (store.pool) return store.pool;
  throw new HasuraError('not-supported', 'scheduled events need a database for the metadata', {
    path: ['args'],
  });
}

function triggersOf({ staged }: CommandContext): readonly CronTriggerConf[] {
  return (staged.metadata.cron_triggers ?? []) as unknown as readonly CronTriggerConf[];
}

function stageTriggers({ staged }: CommandContext, triggers: readonly CronTriggerConf[]): void {
  staged.stage(
    compact({
      ...staged.metadata,
      cron_triggers: triggers.length > 0 ? (triggers as unknown as readonly CronTrigger[]) : undefined,
    } as Metadata),
  );
}

async function createCronTrigger(args: Args, context: CommandContext) {
  const pool = poolOf(context);
  const name = args.text('name');
  const schedule = args.text('schedule');
  if (parseCron(schedule) === null)
    throw new HasuraError('parse-failed', `invalid cron expression: ${schedule}`, {
      path: ['args', 'schedule'],
    });
  assertHeaders(args.optional('headers'), ['args', 'headers']);
  const trigger = compact({
    name,
    webhook: args.required<UrlConf>('webhook'),
    schedule,
    payload: args.optional<unknown>('payload'),
    retry_conf: args.optional<ScheduledRetryConf>('retry_conf'),
    headers: args.optional('headers'),
    include_in_metadata: args.required<boolean>('include_in_metadata', 'CreateCronTrigger'),
    comment: args.optional<string>('comment'),
    request_transform: args.optional('request_transform'),
    response_transform: args.optional('response_transform'),
  }) as CronTriggerConf;
  const known = triggersOf(context).find(each => each.name === name);
  if (known && !args.flag('replace'))
    throw new HasuraError('already-exists', `cron trigger with name: ${name} already exists`, {
      path: ['args'],
    });
  if (known && known.schedule !== schedule) await dropCronEvents(pool, name);
  stageTriggers(context, [...triggersOf(context).filter(each => each.name !== name), trigger]);
  return success;
}

async function deleteCronTrigger(args: Args, context: CommandContext) {
  const name = args.text('name');
  const triggers = triggersOf(context);
  if (!triggers.some(each => each.name === name))
    throw new HasuraError('not-exists', `cron trigger with name: "${name}" does not exist`, {
      path: ['args'],
    });
  stageTriggers(
    context,
    triggers.filter(each => each.name !== name),
  );
  await dropCronEvents(poolOf(context), name);
  return success;
}

async function createScheduledEvent(args: Args, context: CommandContext) {
  const at = args.text('schedule_at');
  if (Number.isNaN(Date.parse(at)))
    throw new HasuraError('parse-failed', 'parsing UTCTime failed, expected a time of ISO 8601', {
      path: ['args', 'schedule_at'],
    });
  assertHeaders(args.optional('headers'), ['args', 'headers']);
  const json = (name: string): string | null => {
    const value = args.optional<unknown>(name);
    return value === undefined ? null : JSON.stringify(value);
  };
  const { rows } = await poolOf(context).query(
    `insert into ${kinds.one_off.events} (webhook_conf, scheduled_time, payload, retry_conf, header_conf, comment)
     values ($1, $2::timestamptz, $3, $4, $5, $6) returning id`,
    [
      JSON.stringify(args.required('webhook')),
      at,
      json('payload'),
      json('retry_conf'),
      json('headers'),
      args.optional<string>('comment') ?? null,
    ],
  );
  return { ...success, event_id: rows[0]![0]!.toString() };
}

/** @throws {HasuraError} for what is neither */
function kindOf(type: unknown): ScheduledKind {
  if (type === 'cron' || type === 'one_off') return type;
  throw new HasuraError('parse-failed', `expected either cron or one_off but got ${JSON.stringify(type)}`, {
    path: ['args', 'type'],
  });
}

async function deleteScheduledEvent(args: Args, context: CommandContext) {
  const { rows } = await poolOf(context).query(
    `delete from ${kinds[kindOf(args.required('type'))].events} where id = $1 returning id`,
    [args.text('event_id')],
  );
  if (rows.length === 0)
    throw new HasuraError('not-found', 'scheduled event not found', { path: ['args'], status: 404 });
  return success;
}

async function page(
  context: CommandContext,
  from: string,
  values: readonly string[],
  args: Args,
  member: 'events' | 'invocations',
  order: string,
) {
  const pool = poolOf(context);
  const limit = args.optional<number>('limit');
  const bound = limit === undefined ? '' : `limit ${Math.max(0, Math.trunc(limit))}`;
  const offset = Math.max(0, Math.trunc(args.optional<number>('offset') ?? 0));
  const { rows } = await pool.query(
    `select coalesce(json_agg(e), '[]')::text from (select * from ${from} order by ${order} ${bound} offset ${offset}) e`,
    values,
  );
  const list = { [member]: JSON.parse(rows[0]![0]!.toString()) as unknown };
  if (!args.flag('get_rows_count')) return list;
  const counted = await pool.query(`select count(*) from (select 1 from ${from}) c`, values);
  return { count: Number(counted.rows[0]![0]!.toString()), ...list };
}

const statuses = ['scheduled', 'locked', 'delivered', 'error', 'dead'];

function getScheduledEvents(args: Args, context: CommandContext) {
  const kind = kindOf(args.required('type'));
  const chosen = (args.optional<readonly string[]>('status') ?? []).filter(each => statuses.includes(each));
  const conditions = [
    ...(kind === 'cron' ? ['trigger_name = $1'] : ['$1::text is not null']),
    ...(chosen.length > 0 ? [`status in (${chosen.map(each => `'${each}'`).join(', ')})`] : []),
  ];
  return page(
    context,
    `${kinds[kind].events} where ${conditions.join(' and ')}`,
    [kind === 'cron' ? args.text('trigger_name') : ''],
    args,
    'events',
    'scheduled_time',
  );
}

function getInvocations(args: Args, context: CommandContext) {
  const kind = kindOf(args.required('type'));
  const { events, logs } = kinds[kind];
  const id = args.optional<string>('event_id');
  const trigger = args.optional<string>('trigger_name');
  const from =
    id !== undefined
      ? `${logs} where event_id = $1`
      : kind === 'cron'
        ? `${logs} where event_id in (select id from ${events} where trigger_name = $1)`
        : `${logs} where $1::text is not null`;
  return page(context, from, [id ?? trigger ?? ''], args, 'invocations', 'created_at desc');
}

export const scheduledCommands: CommandTable = {
  create_cron_trigger: createCronTrigger,
  delete_cron_trigger: deleteCronTrigger,
  get_cron_triggers: (_args, context) => ({ cron_triggers: triggersOf(context) }),
  create_scheduled_event: createScheduledEvent,
  delete_scheduled_event: deleteScheduledEvent,
  get_scheduled_events: getScheduledEvents,
  get_scheduled_event_invocations: getInvocations,
};

/** Those that leave the metadata as it is. */
export const scheduledReads = [
  'get_cron_triggers',
  'create_scheduled_event',
  'delete_scheduled_event',
  'get_scheduled_events',
  'get_scheduled_event_invocations',
];
