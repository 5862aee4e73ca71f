/** `run_sql`: statements as the login role, and what they have changed taken in. */
import type { Result } from '@peakstone/kernel/pg';
import { PgError } from '@peakstone/kernel/pg';
import { defaultSource } from '../../definition/edit.ts';
import { HasuraError } from '../../errors.ts';
import { dependentsOf, dropAll } from '../dependents.ts';
import type { Args, CommandContext, CommandTable } from './command.ts';

/** What may change tables, views, functions or their kin. */
const changesSchema =
  /\b(?:alter|create|drop|replace|comment\s+on|do|truncate|rename|refresh|import|select\s+into)\b/i;

/** Whether a script may change what is served, so that other instances have to look, too. Pure. */
export function changesTables(args: unknown): boolean {
  const { sql, read_only: isReadOnly } = (args ?? {}) as {
    readonly sql?: unknown;
    readonly read_only?: unknown;
  };
  return isReadOnly !== true && changesSchema.test(String(sql));
}

export const sqlCommands: CommandTable = { pg_run_sql: runSql };

async function runSql(args: Args, { staged, database }: CommandContext): Promise<unknown> {
  const source = args.optional<string>('source') ?? defaultSource;
  const sql = args.text('sql');
  const isReadOnly = args.flag('read_only');
  let results: readonly Result[];
  try {
    results = await database(source).pool.script(isReadOnly ? `set transaction read only;${sql}` : sql);
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    throw sqlError(error, sql);
  }
  if (changesSchema.test(sql)) {
    const before = staged.model;
    const after = await staged.refresh(source);
    dropAll(staged, before, dependentsOf(before, after));
  }
  const last = results.at(-1);
  if (!last || last.fields.length === 0) return { result_type: 'CommandOk', result: null };
  return {
    result_type: 'TuplesOk',
    result: [
      last.fields.map(({ name }) => name),
      ...last.rows.map(row => row.map(cell => cell?.toString() ?? 'NULL')),
    ],
  };
}

function sqlError(error: PgError, statement: string): HasuraError {
  return new HasuraError('postgres-error', 'query execution failed', {
    path: ['args'],
    cause: error,
    internal: {
      statement,
      prepared: false,
      error: {
        exec_status: 'FatalError',
        hint: error.fields.hint ?? null,
        message: error.message,
        status_code: error.code,
        description: error.fields.detail ?? null,
      },
      arguments: [],
    },
  });
}
