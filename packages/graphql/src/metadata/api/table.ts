/** Every command by its name, and the older names of the v1 API. */
import { HasuraError } from '../../errors.ts';
import {
  Args,
  type Command,
  type CommandContext,
  type CommandRequest,
  type CommandTable,
} from './command.ts';
import { computedFieldCommands } from './computedFields.ts';
import { dmlCommands } from './dml/commands.ts';
import { functionCommands } from './functions.ts';
import { permissionCommands } from './permissions.ts';
import { relationshipCommands } from './relationships.ts';
import { roleCommands } from './roles.ts';
import { sqlCommands } from './runSql.ts';
import { sourceCommands } from './sources.ts';
import { tableCommands } from './tables.ts';
import { wholeCommands } from './whole.ts';

/** Several in a row, as one: what one refuses undoes those before it. */
const bulk: Command = async (args, { run }) => {
  const results: unknown[] = [];
  for (const [i, request] of (args.value as readonly CommandRequest[]).entries()) {
    try {
      results.push(await run(request));
    } catch (error) {
      throw error instanceof HasuraError ? error.within(['args', i]) : error;
    }
  }
  return results;
};

export const commands: CommandTable = {
  ...tableCommands,
  ...relationshipCommands,
  ...permissionCommands,
  ...functionCommands,
  ...computedFieldCommands,
  ...roleCommands,
  ...sqlCommands,
  ...sourceCommands,
  ...wholeCommands,
  ...dmlCommands,
  bulk,
  bulk_atomic: bulk,
  concurrent_bulk: bulk,
};

/** What the v1 API calls otherwise. */
const olderNames: Readonly<Record<string, string>> = {
  add_existing_table_or_view: 'pg_track_table',
};

/** The command of a name, with or without the database's prefix. */
export function findCommand(type: string): Command | undefined {
  const own = (name: string | undefined): Command | undefined =>
    name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  return (
    own(type) ??
    own(`pg_${type}`) ??
    own(olderNames[type]) ??
    own(type.replace(/^(?:citus|cockroach|postgres)_/, 'pg_'))
  );
}

/** Runs one command. @throws {HasuraError} */
export async function runCommand(
  request: CommandRequest,
  context: Omit<CommandContext, 'run'>,
): Promise<unknown> {
  const command = findCommand(request.type);
  if (!command)
    throw new HasuraError('parse-failed', `unknown metadata command '${request.type}'`, { path: ['type'] });
  const whole: CommandContext = { ...context, run: each => runCommand(each, context) };
  return await command(new Args(request.args), whole);
}
