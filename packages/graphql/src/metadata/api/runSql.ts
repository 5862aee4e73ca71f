/** `run_sql`: statements as the login role, and what they have changed taken in. */
import { PgError, type Result } from '@peakstone/kernel/pg';
import { splitScript } from '@peakstone/kernel/script';
import { readerOf } from '../../catalog/reader.ts';
import { defaultSource, sourceIn } from '../../definition/edit.ts';
import { HasuraError } from '../../errors.ts';
import { followSql, identifyTracked } from '../followSql.ts';
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

async function runSql(args: Args, context: CommandContext): Promise<unknown> {
  const source = args.optional<string>('source') ?? defaultSource;
  const sql = args.text('sql');
  const isReadOnly = args.flag('read_only');
  const { pool } = context.database(source);
  if (args.flag('no_transaction') || (changesSchema.test(sql) && !isReadOnly)) {
    const checks = args.optional<boolean>('check_metadata_consistency') ?? true;
    const last = await runChange(sql, source, context, {
      cascade: args.flag('cascade'),
      isOneTransaction: !args.flag('no_transaction'),
      checks,
    });
    await context.staged.refresh(source);
    return showResult(last);
  }
  const results = await refusing(sql, () =>
    pool.script(isReadOnly ? `set transaction read only;${sql}` : sql),
  );
  return showResult(results.at(-1));
}

interface ChangeOptions {
  readonly cascade: boolean;
  readonly isOneTransaction: boolean;
  /** Whether what the metadata knows has to be served afterwards. */
  readonly checks: boolean;
}

/**
 * Runs a script that may change what is served, and commits it when nothing depends on what it has taken away. One that
 * commits by itself is done by then: what depends is told as an inconsistency.
 */
async function runChange(
  sql: string,
  source: string,
  { staged, database, config }: CommandContext,
  { cascade, isOneTransaction, checks }: ChangeOptions,
): Promise<Result | undefined> {
  const client = await database(source).connect();
  try {
    const reader = readerOf(client);
    const { tables, functions = [] } = sourceIn(staged.metadata, source);
    const isFollowed = checks && tables.length + functions.length > 0;
    if (isOneTransaction) await client.script('begin');
    const known = isFollowed ? await identifyTracked(reader, sourceIn(staged.metadata, source)) : null;
    const statements = isOneTransaction ? [sql] : splitScript(sql).map(({ text }) => text);
    let last: Result | undefined;
    for (const statement of statements) last = (await refusing(sql, () => client.script(statement))).at(-1);
    const canUndo = client.transaction !== 'none';
    if (known)
      await followSql(staged, source, known, reader, {
        cascade,
        keepsDependents: !canUndo,
        runsPolicies: config.authorization === 'metadata',
      });
    if (canUndo) await refusing(sql, () => client.script('commit'));
    return last;
  } finally {
    client.close();
  }
}

/** @throws {HasuraError} with what PostgreSQL says */
async function refusing<T>(sql: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    throw sqlError(error, sql);
  }
}

function showResult(last: Result | undefined): unknown {
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
