import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { PgError, PgErrorFields, Pool } from '@peakstone/kernel/pg';
import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { renderSqlError, renderSqlNotice } from '../sql/error.ts';
import { formatResult, type SqlFormat } from '../sql/format.ts';
import { splitScript } from '../sql/split.ts';
import { dataFolder } from './down.ts';

/** A script is held in memory; larger ones are data, for which COPY is made. */
const maxScriptBytes = 256 * 1024 * 1024;

export const sql: Command = {
  name: 'sql',
  summary: 'run SQL in the stack’s database',
  description:
    'Acts as db_migrator, the owner of the schemas, so that what it creates is granted to the API’s roles; --role acts as another, --superuser as the administrator. Each statement commits by itself, as in psql, unless the script has BEGIN and COMMIT; the first error ends it. Errors look like psql’s.',
  arguments: [
    {
      name: 'STATEMENT',
      summary: 'SQL text; left out, or -, it is read from standard input',
      required: false,
    },
  ],
  options: {
    file: { kind: 'text', short: 'f', value: 'FILE', summary: 'Run a file instead' },
    role: {
      kind: 'text',
      value: 'ROLE',
      summary: 'Act as this role, with its grants and policies: web_anon, app_user …',
    },
    superuser: { kind: 'flag', summary: 'Act as the administrator' },
    claims: { kind: 'text', value: 'JSON', summary: 'JWT claims that policies see, such as {"sub":"42"}' },
    csv: { kind: 'flag', summary: 'Print CSV with a heading' },
    expanded: { kind: 'flag', short: 'x', summary: 'Print one column a line' },
    ...jsonOption,
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone sql "select * from films limit 3"', does: 'One statement, as a table' },
    { command: 'peakstone sql -f schema.sql', does: 'A file' },
    {
      command: `peakstone sql --role app_user --claims '{"sub":"42"}' "select * from orders"`,
      does: 'What user 42 may see',
    },
    { command: 'echo "select 1 as one" | peakstone sql --json', does: 'From a pipe, as JSON' },
  ],
  run: async (invocation, context) => {
    const script = await readScript(invocation, context);
    const format = formatOf(invocation);
    const claims = claimsOf(invocation);
    const { stackPaths, superuserUrl } = await import('@peakstone/stack');
    const { createPool, PgError: PgFailure } = await import('@peakstone/kernel/pg');
    const url = await superuserUrl(
      stackPaths(context.cwd, dataFolder(invocation.options, context.env)),
      context.env,
    );
    // One connection, so that settings and temporary tables last from statement to statement.
    const pool = createPool({
      url,
      size: 1,
      sharedSize: 0,
      parameters: { application_name: 'peakstone sql' },
    });
    const interrupt = (): void => process.exit(exitCodes.interrupted);
    process.once('SIGINT', interrupt);
    try {
      await impersonate(pool, invocation, claims);
      for (const piece of splitScript(script)) {
        try {
          await pool.script(piece.text, {
            onResult: result => {
              for (const part of formatResult(result, format)) context.stdout.write(part);
            },
            onNotice: notice => context.stderr.write(renderSqlNotice(notice)),
          });
        } catch (error) {
          if (!(error instanceof PgFailure)) throw error;
          const { fields } = error as PgError;
          const refused = isRefusedCopy(fields) ? { ...fields, hint: copyHint } : fields;
          context.stderr.write(renderSqlError(refused, piece.text, piece.line));
          return exitCodes.failure;
        }
      }
      return exitCodes.ok;
    } finally {
      process.off('SIGINT', interrupt);
      await pool.close(0);
    }
  },
};

const copyHint =
  'Rows inside a script need psql, as db_migrator with the password that peakstone secrets DB_MIGRATOR_PASSWORD prints.';

/** COPY … FROM STDIN, whose rows would follow in the script. */
function isRefusedCopy({ code, message }: PgErrorFields): boolean {
  return code === '57014' && message.startsWith('COPY from stdin failed');
}

async function readScript(
  { options, arguments: [statement] }: Invocation,
  { cwd, stdin }: Context,
): Promise<string> {
  if (typeof options.file === 'string' && statement !== undefined) {
    throw new UsageError('A statement and --file exclude each other.');
  }
  if (typeof options.file === 'string' && options.file !== '-')
    return await readFile(resolve(cwd, options.file), 'utf8');
  if (statement !== undefined && statement !== '-') return statement;
  if (stdin.isTTY && statement !== '-' && options.file !== '-') {
    throw new UsageError(
      'There is no statement.',
      `Give one: peakstone sql "select 1", a file with -f, or SQL on standard input.`,
    );
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not the stream object of the process, which would keep an unread terminal open.
  for await (const chunk of createReadStream('', { fd: 0, autoClose: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxScriptBytes)
      throw new CliError('Standard input is longer than 256 MB.', {
        hint: 'Load data with COPY, through psql.',
      });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function formatOf({ options }: Invocation): SqlFormat {
  const chosen = (['json', 'csv', 'expanded'] as const).filter(name => options[name]);
  if (chosen.length > 1) throw new UsageError(`--${chosen[0]} and --${chosen[1]} exclude each other.`);
  return chosen[0] ?? 'table';
}

function claimsOf({ options }: Invocation): string | null {
  if (typeof options.claims !== 'string') return null;
  try {
    const claims: unknown = JSON.parse(options.claims);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return JSON.stringify(claims);
  } catch {
    // Said below, in the same words as for other JSON than an object.
  }
  throw new UsageError(
    `--claims needs a JSON object, not '${options.claims}'.`,
    `For example: --claims '{"sub":"42"}'`,
  );
}

async function impersonate(pool: Pool, { options }: Invocation, claims: string | null): Promise<void> {
  const { PgError: PgFailure } = await import('@peakstone/kernel/pg');
  if (claims !== null) await pool.query(`select set_config('request.jwt.claims', $1, false)`, [claims]);
  if (options.superuser) {
    if (options.role !== undefined) throw new UsageError('--role and --superuser exclude each other.');
    return;
  }
  const role = typeof options.role === 'string' ? options.role : 'db_migrator';
  try {
    await pool.query(`select set_config('role', $1, false)`, [role]);
  } catch (error) {
    if (!(error instanceof PgFailure) || error.code !== '22023') throw error;
    throw new CliError(`There is no role '${role}'.`, {
      hint: `See them: peakstone sql "select rolname from pg_roles where rolname !~ '^pg_'"`,
    });
  }
}
