/** Every command by its name, and the older names of the v1 API. */
import { HasuraError } from '../../errors.ts';
import { actionCommands } from './actions.ts';
import { bulkCommands } from './bulk.ts';
import { catalogCommands } from './catalog.ts';
import { stateCommands } from './catalogState.ts';
import { collectionCommands } from './collections.ts';
import {
  Args,
  type Command,
  type CommandContext,
  type CommandRequest,
  type CommandTable,
} from './command.ts';
import { computedFieldCommands } from './computedFields.ts';
import { dmlCommands } from './dml/commands.ts';
import { endpointCommands } from './endpoints.ts';
import { eventReads, eventTriggerCommands } from './eventTriggers.ts';
import { functionCommands } from './functions.ts';
import { manyTablesCommands } from './manyTables.ts';
import { nativeQueryCommands } from './nativeQueries.ts';
import { permissionCommands } from './permissions.ts';
import { relationshipCommands } from './relationships.ts';
import { remoteRelationshipCommands } from './remoteRelationships.ts';
import { remoteSchemaCommands } from './remoteSchemas.ts';
import { roleCommands } from './roles.ts';
import { changesTables, sqlCommands } from './runSql.ts';
import { scheduledCommands, scheduledReads } from './scheduled.ts';
import { settingsCommands } from './settings.ts';
import { sourceCommands } from './sources.ts';
import { tableCommands } from './tables.ts';
import { transformCommands } from './transforms.ts';
import { wholeCommands } from './whole.ts';

export const commands: CommandTable = {
  ...tableCommands,
  ...relationshipCommands,
  ...permissionCommands,
  ...functionCommands,
  ...computedFieldCommands,
  ...roleCommands,
  ...sqlCommands,
  ...nativeQueryCommands,
  ...actionCommands,
  ...collectionCommands,
  ...endpointCommands,
  ...remoteSchemaCommands,
  ...remoteRelationshipCommands,
  ...transformCommands,
  ...eventTriggerCommands,
  ...scheduledCommands,
  ...manyTablesCommands,
  ...catalogCommands,
  ...settingsCommands,
  ...sourceCommands,
  ...wholeCommands,
  ...dmlCommands,
  ...stateCommands,
  ...bulkCommands,
};

/** Those that leave the metadata as it is; what else there is counts as a change, as the reference counts. */
const onlyRead: ReadonlySet<string> = new Set([
  ...Object.keys(dmlCommands),
  ...Object.keys(stateCommands),
  ...Object.keys(transformCommands),
  ...eventReads,
  ...scheduledReads,
  'export_metadata',
  'get_inconsistent_metadata',
  'dump_internal_state',
  'pg_get_native_query',
  'pg_get_logical_model',
  'list_source_kinds',
  ...Object.keys(catalogCommands),
]);

/** Whether a request makes another version of the metadata even when nothing differs. Pure. */
export function changesMetadata({ type, args }: CommandRequest): boolean {
  if (Object.hasOwn(bulkCommands, type)) return Array.isArray(args) && args.some(changesMetadata);
  if (findCommand(type) === sqlCommands.pg_run_sql) return changesTables(args);
  return !onlyRead.has(nameOf(type) ?? type);
}

/** What the v1 API calls otherwise. */
const olderNames: Readonly<Record<string, string>> = {
  add_existing_table_or_view: 'pg_track_table',
};

/** The command of a name, with or without the database's prefix. */
export function findCommand(type: string): Command | undefined {
  const name = nameOf(type);
  return name === undefined ? undefined : commands[name];
}

function nameOf(type: string): string | undefined {
  const names = [type, `pg_${type}`, olderNames[type], type.replace(/^(?:citus|cockroach|postgres)_/, 'pg_')];
  return names.find(name => name !== undefined && Object.hasOwn(commands, name));
}

/** Runs one command. @throws {HasuraError} */
export async function runCommand(
  request: CommandRequest,
  context: Omit<CommandContext, 'run'>,
): Promise<unknown> {
  const { version = 1 } = request;
  if (version !== 1 && version !== 2)
    throw new HasuraError('parse-failed', `expected 1 or 2, encountered ${version}`, { path: ['version'] });
  const command = findCommand(request.type);
  if (!command)
    throw new HasuraError('parse-failed', `unknown metadata command '${request.type}'`, { path: ['type'] });
  const whole: CommandContext = { ...context, run: each => runCommand(each, context) };
  return await command(new Args(request.args), whole, version);
}
