import type { PgError, PgErrorFields, Pool } from '@peakstone/kernel/pg';
import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { describable, describeCommand } from '../sql/describe.ts';
import { renderSqlError, renderSqlNotice } from '../sql/error.ts';
import { type ArrayTypes, arrayTypesQuery } from '../sql/json.ts';
import { ResultPrinter, type SqlFormat } from '../sql/print.ts';
import { copyParts, readScriptFile, readScriptStream } from '../sql/source.ts';
import { type CopyRows, MetaCommandError, type Piece, splitScript } from '../sql/split.ts';
import { dataFolder } from './down.ts';

export const sql: Command = {
  name: 'sql',
  summary: 'run SQL in the stack’s database',
  description:
    'Acts as db_migrator, the owner of the schemas, so that what it creates is granted to the API’s roles; --role acts as another, --superuser as the administrator. Each statement commits by itself, as in psql, unless the script has BEGIN and COMMIT; the first error ends it. Runs what pg_dump writes as plain text, rows of COPY included; a COPY … FROM STDIN given as the argument reads standard input. Errors look like psql’s.',
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
    { command: `peakstone sql '\\d films'`, does: 'What a table looks like; \\d alone lists them' },
    { command: 'peakstone sql -f schema.sql', does: 'A file' },
    {
      command: `peakstone sql --role app_user --claims '{"sub":"00000000-0000-4000-8000-000000000001"}' "select * from stays"`,
      does: 'What that user may see',
    },
    { command: 'echo "select 1 as one" | peakstone sql --json', does: 'From a pipe, as JSON' },
    { command: 'peakstone sql "copy films from stdin csv header" < films.csv', does: 'Load rows' },
    {
      command: 'peakstone sql --superuser -f dump.sql',
      does: 'Restore a plain pg_dump, its owners included',
    },
  ],
  run: async (invocation, context) => {
    const { text, input } = await readScript(invocation, context);
    const format = formatOf(invocation);
    const claims = claimsOf(invocation);
    const pieces = piecesOf(describeCommand(text) ?? text);
    const { stackPaths, superuserUrl } = await import('@peakstone/stack');
    const { createPool } = await import('@peakstone/kernel/pg');
    const url = await superuserUrl(
      stackPaths(context.cwd, dataFolder(invocation.options, context.env)),
      context.env,
    );
    // One connection, so that settings and temporary tables last from statement to statement; it is never replaced by
    // a fresh one, which would have none of them, however long the script runs.
    const pool = createPool({
      url,
      size: 1,
      sharedSize: 0,
      maxIdleMs: Number.MAX_SAFE_INTEGER,
      maxLifetimeMs: Number.MAX_SAFE_INTEGER,
      parameters: { application_name: 'peakstone sql' },
    });
    const interrupt = (): void => process.exit(exitCodes.interrupted);
    process.once('SIGINT', interrupt);
    try {
      const arrays = format === 'json' ? await arrayTypes(pool) : new Map<number, number>();
      await impersonate(pool, invocation, claims);
      const printer = new ResultPrinter(format, arrays);
      for (const piece of pieces) {
        if (!(await runPiece(piece, pool, printer, context, input))) return exitCodes.failure;
      }
      return exitCodes.ok;
    } finally {
      process.off('SIGINT', interrupt);
      await pool.close(0);
    }
  },
};

/** False when it failed, which was said then. */
async function runPiece(
  piece: Piece,
  pool: Pool,
  printer: ResultPrinter,
  { stdout, stderr }: Context,
  input: InputOnce,
): Promise<boolean> {
  const { PgError: PgFailure } = await import('@peakstone/kernel/pg');
  let leftOpen = false;
  let copied = 0;
  let copying: CopyRows | null = null;
  try {
    await pool.script(piece.text, {
      onRows: (rows, fields) => write(stdout, printer.rows(rows, fields)),
      onResult: result => {
        copying = null;
        return write(stdout, printer.end(result));
      },
      onNotice: notice => stderr.write(renderSqlNotice(notice)),
      copyIn: () => {
        copying = piece.copies[copied++] ?? null;
        return copying ? copyParts(copying) : input();
      },
      onLeftOpen: () => {
        leftOpen = true;
      },
    });
  } catch (error) {
    if (!(error instanceof PgFailure)) throw error;
    const { fields } = error as PgError;
    const refused = isRefusedCopy(fields) ? { ...fields, hint: copyHint } : fields;
    stderr.write(renderSqlError(refused, piece.text, piece.line, copying));
    return false;
  }
  if (leftOpen)
    stderr.write('error: A transaction was left open and has been rolled back: it has no COMMIT.\n');
  return !leftOpen;
}

/** Settles when the stream takes more, so that a slow reader holds up the server and not our memory. */
async function write(stream: NodeJS.WriteStream, part: string | Buffer): Promise<void> {
  if (part.length === 0 || stream.write(part) || stream.destroyed) return;
  await new Promise<void>(resolve => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

async function arrayTypes(pool: Pool): Promise<ArrayTypes> {
  const { rows } = await pool.query(arrayTypesQuery);
  return new Map(rows.map(([array, element]) => [Number(array), Number(element)]));
}

const copyHint =
  'Give the rows in the script, from the line after the statement up to a line \\., or on standard input: peakstone sql "copy films from stdin" < rows.tsv';

/** COPY … FROM STDIN without rows that follow in the script. */
function isRefusedCopy({ code, message }: PgErrorFields): boolean {
  return code === '57014' && message.startsWith('COPY from stdin failed');
}

function piecesOf(script: string): Piece[] {
  try {
    return splitScript(script);
  } catch (error) {
    if (!(error instanceof MetaCommandError)) throw error;
    throw new CliError(error.message, {
      hint: `Nothing was run. Take the line out, or run the script with psql. Alone, these are understood: ${describable}.`,
      cause: error,
    });
  }
}

/** Standard input as rows of a COPY: to be had once, and only when the script isn't read from it. */
type InputOnce = () => AsyncIterable<Buffer> | null;

async function readScript(
  { options, arguments: [statement] }: Invocation,
  { cwd, stdin }: Context,
): Promise<{ readonly text: string; readonly input: InputOnce }> {
  const { file } = options;
  if (typeof file === 'string' && statement !== undefined) {
    throw new UsageError('A statement and --file exclude each other.');
  }
  let unread = !stdin.isTTY;
  const input = (): AsyncIterable<Buffer> | null => {
    if (!unread) return null;
    unread = false;
    return stdin;
  };
  if (typeof file === 'string' && file !== '-') return { text: await readScriptFile(cwd, file), input };
  if (statement !== undefined && statement !== '-') return { text: statement, input };
  if (stdin.isTTY && statement !== '-' && file !== '-') {
    throw new UsageError(
      'There is no statement.',
      `Give one: peakstone sql "select 1", a file with -f, or SQL on standard input.`,
    );
  }
  return { text: await readScriptStream(stdin, 'Standard input'), input: () => null };
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
