/** Event triggers, and the events that they have made. */
import { PgError, type Result, type SqlValue } from '@peakstone/kernel/pg';
import { compact, defaultSource, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import {
  type EventTrigger,
  type QualifiedTable,
  qualify,
  type TableMetadata,
} from '../../definition/metadata.ts';
import { sessionJson } from '../../engine/fill.ts';
import { HasuraError } from '../../errors.ts';
import { cleanLogs } from '../../events/cleanup.ts';
import { readEventTrigger } from '../../events/readTrigger.ts';
import type { CleanupConf, EventTriggerConf } from '../../events/types.ts';
import { showTable } from '../../model/types.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';

type Context = CommandContext;

interface Found {
  readonly source: string;
  readonly table: TableMetadata;
  readonly trigger: EventTriggerConf;
}

const sourceOf = (args: Args): string => args.optional<string>('source') ?? defaultSource;

function findTrigger({ staged }: Context, source: string, name: string): Found | null {
  for (const table of sourceIn(staged.metadata, source).tables)
    for (const trigger of (table.event_triggers ?? []) as unknown as readonly EventTriggerConf[])
      if (trigger.name === name) return { source, table, trigger };
  return null;
}

/** @throws {HasuraError} not-exists */
function triggerOf(args: Args, context: Context): Found {
  const name = args.text('name');
  const found = findTrigger(context, sourceOf(args), name);
  if (!found)
    throw new HasuraError('not-exists', `event trigger with name "${name}" does not exist`, {
      path: ['args'],
    });
  return found;
}

function createTrigger(args: Args, context: Context) {
  const { staged } = context;
  const source = sourceOf(args);
  const trigger = readEventTrigger((args.value ?? {}) as Record<string, unknown>);
  const replaces = args.flag('replace');
  const known = findTrigger(context, source, trigger.name);
  const given = args.optional<QualifiedTable>('table');
  if (known && !replaces)
    throw new HasuraError('already-exists', `event trigger with name "${trigger.name}" already exists`, {
      path: ['args'],
    });
  if (given === undefined && !known)
    throw new HasuraError('parse-failed', 'table is required to create an event trigger', { path: ['args'] });
  const name = qualify(given ?? known!.table.table);
  const table = tableIn(sourceIn(staged.metadata, source), name);
  if (!table)
    throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist in source: ${source}`, {
      path: ['args', 'table'],
    });
  stageConsistently(
    staged,
    withTable(staged.metadata, source, name, each => ({
      ...each,
      event_triggers: [
        ...(each.event_triggers ?? []).filter(other => other.name !== trigger.name),
        trigger as unknown as EventTrigger,
      ],
    })),
    { kind: 'eventTrigger', source, table: name, name: trigger.name },
  );
  return success;
}

async function deleteTrigger(args: Args, context: Context) {
  const { source, table, trigger } = triggerOf(args, context);
  const { staged } = context;
  staged.stage(
    withTable(staged.metadata, source, qualify(table.table), each => {
      const rest = (each.event_triggers ?? []).filter(other => other.name !== trigger.name);
      return compact({ ...each, event_triggers: rest.length > 0 ? rest : undefined } as TableMetadata);
    }),
  );
  // What is not delivered yet never will be: nobody knows any more where to.
  await ask(
    context,
    source,
    "update hdb_catalog.event_log set archived = 't' where trigger_name = $1 and not delivered and not error",
    [trigger.name],
  );
  return success;
}

async function ask(
  { pool }: Context,
  source: string,
  text: string,
  values: readonly SqlValue[],
): Promise<Result> {
  try {
    const results = await pool(source).exchange({
      statements: [
        {
          text: "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
          values: [],
          prepare: false,
        },
        { text, values, prepare: false },
      ],
    });
    return results[1]!;
  } catch (error) {
    // No trigger was ever made there, so that there are no tables of events.
    if (error instanceof PgError && (error.code === '42P01' || error.code === '3F000'))
      return { tag: '', fields: [], rows: [] };
    throw error;
  }
}

async function askJson(
  context: Context,
  source: string,
  text: string,
  values: readonly SqlValue[],
): Promise<readonly unknown[]> {
  const { rows } = await ask(context, source, `select to_jsonb(e)::text from (${text}) e`, values);
  return rows.map(row => JSON.parse(row[0]!.toString()) as unknown);
}

async function invokeTrigger(args: Args, context: Context) {
  const { source, table, trigger } = triggerOf(args, context);
  const payload = args.required<unknown>('payload');
  if (!trigger.definition.enable_manual)
    throw new HasuraError(
      'not-supported',
      `manual mode is not enabled for event trigger: "${trigger.name}"`,
      {
        path: ['args'],
      },
    );
  const { schema, name } = qualify(table.table);
  const { rows } = await ask(
    context,
    source,
    "select hdb_catalog.insert_event_log($1, $2, $3, 'MANUAL', json_build_object('old', null, 'new', $4::json)) from (select set_config('hasura.user', $5, true)) s",
    [schema, name, trigger.name, JSON.stringify(payload), sessionJson(context.session)],
  );
  return { event_id: rows[0]?.[0]?.toString() ?? null };
}

async function redeliver(args: Args, context: Context) {
  const { rows } = await ask(
    context,
    sourceOf(args),
    "update hdb_catalog.event_log set delivered = 'f', error = 'f', tries = 0, next_retry_at = null, locked = null where id = $1 and not archived returning id",
    [args.text('event_id')],
  );
  if (rows.length === 0) throw new HasuraError('not-exists', 'event not found', { path: ['args'] });
  return success;
}

function paging(args: Args, prefix = ''): readonly string[] {
  return [
    String(args.optional<number>(`${prefix}limit`) ?? 100),
    String(args.optional<number>(`${prefix}offset`) ?? 0),
  ];
}

const statusFilters: Readonly<Record<string, string>> = {
  pending: 'not delivered and not error',
  processed: 'delivered or error',
  all: 'true',
};

/** `"*"`, or of each source its triggers, or `"*"`. */
function chosenTriggers(args: Args, context: Context): readonly Found[] {
  const given = args.optional<unknown>('event_triggers') ?? '*';
  const sources =
    given === '*'
      ? context.staged.metadata.sources.map(({ name }) => ({ source_name: name, triggers: '*' as const }))
      : (given as readonly { readonly source_name: string; readonly triggers: '*' | readonly string[] }[]);
  return sources.flatMap(({ source_name: source, triggers }) =>
    sourceIn(context.staged.metadata, source).tables.flatMap(table =>
      ((table.event_triggers ?? []) as unknown as readonly EventTriggerConf[])
        .filter(({ name }) => triggers === '*' || triggers.includes(name))
        .map(trigger => ({ source, table, trigger })),
    ),
  );
}

function setPaused(paused: boolean) {
  return (args: Args, context: Context) => {
    const { staged } = context;
    for (const { source, table, trigger } of chosenTriggers(args, context)) {
      if (!trigger.cleanup_config) continue;
      const changed = { ...trigger, cleanup_config: { ...trigger.cleanup_config, paused } };
      staged.stage(
        withTable(staged.metadata, source, qualify(table.table), each => ({
          ...each,
          event_triggers: (each.event_triggers ?? []).map(other =>
            other.name === trigger.name ? (changed as unknown as EventTrigger) : other,
          ),
        })),
      );
    }
    return success;
  };
}

export const eventTriggerCommands: CommandTable = {
  pg_create_event_trigger: createTrigger,
  pg_delete_event_trigger: deleteTrigger,
  pg_invoke_event_trigger: invokeTrigger,
  pg_redeliver_event: redeliver,
  pg_get_event_logs: (args, context) =>
    askJson(
      context,
      sourceOf(args),
      `select * from hdb_catalog.event_log where trigger_name = $1
        and (${statusFilters[args.optional<string>('status') ?? 'all'] ?? 'true'})
        order by created_at desc limit $2::int8 offset $3::int8`,
      [args.text('name'), ...paging(args)],
    ),
  pg_get_event_invocation_logs: (args, context) =>
    askJson(
      context,
      sourceOf(args),
      'select * from hdb_catalog.event_invocation_logs where trigger_name = $1 order by created_at desc limit $2::int8 offset $3::int8',
      [args.text('name'), ...paging(args)],
    ),
  async pg_get_event_by_id(args, context) {
    const id = args.text('event_id');
    const source = sourceOf(args);
    const [event] = await askJson(context, source, 'select * from hdb_catalog.event_log where id = $1', [id]);
    if (event === undefined) throw new HasuraError('not-exists', 'event not found', { path: ['args'] });
    const invocations = await askJson(
      context,
      source,
      'select * from hdb_catalog.event_invocation_logs where event_id = $1 order by created_at desc limit $2::int8 offset $3::int8',
      [id, ...paging(args, 'invocation_log_')],
    );
    return { event, invocations };
  },
  async cleanup_event_trigger_logs(args, context) {
    let deleted = 0;
    const conf: CleanupConf = {
      schedule: '* * * * *',
      clear_older_than: args.required<number>('clear_older_than'),
      ...((args.value ?? {}) as Partial<CleanupConf>),
    };
    for (const { source, trigger } of chosenTriggers(args, context))
      deleted += (await cleanLogs(context.pool(source), trigger.name, conf)).events;
    return { ...success, deleted_event_logs: deleted };
  },
  pause_event_trigger_cleanup: setPaused(true),
  resume_event_trigger_cleanup: setPaused(false),
};

/** Those that leave the metadata as it is. */
export const eventReads = [
  'pg_invoke_event_trigger',
  'pg_redeliver_event',
  'pg_get_event_logs',
  'pg_get_event_invocation_logs',
  'pg_get_event_by_id',
  'cleanup_event_trigger_logs',
];
