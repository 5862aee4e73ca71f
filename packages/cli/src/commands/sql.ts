import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { UsageError } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';
import type { SqlFormat } from '../sql/runScript.ts';
import type { InputOnce } from '../sql/session.ts';
import { type Source, Sources, sourceOf } from '../sql/source.ts';

export const sql: Command = {
  name: 'sql',
  summary: 'run SQL in the stack’s database, or talk to it at a prompt',
  description: [
    'Acts as db_migrator, the owner of the schemas, so that what it creates is granted to the APIs’ roles; --role acts as another, as a request would, --superuser as the administrator. Returns when the APIs serve what it made.',
    'Without a statement, on a terminal, it is a prompt with history and completion of names; \\? lists its commands.',
    'Each statement commits by itself, as in psql, unless the script has BEGIN and COMMIT, or --single-transaction is given; the first error ends it, with its file, line and column. What peakstone dump wrote of a part of a database comes in whole or not at all. Ctrl-C cancels the statement in the server. Runs what pg_dump writes as plain text, rows of COPY included; \\copy, \\connect, \\i and \\echo do what they do in psql; a COPY … FROM STDIN given as the argument reads standard input.',
    '--json prints one value: the rows of one statement, an array with the rows of each when there are several or none, and {"error": …} in the place of those that failed.',
  ].join('\n\n'),
  arguments: [
    {
      name: 'STATEMENT',
      summary: 'SQL text; left out, or -, it is read from standard input',
      required: false,
    },
  ],
  options: {
    file: { kind: 'text', short: 'f', value: 'FILE', summary: 'Run a file instead' },
    'single-transaction': {
      kind: 'flag',
      short: '1',
      summary: 'All of it or, after an error or Ctrl-C, nothing',
    },
    'allow-incomplete': {
      kind: 'flag',
      summary: 'Run a dump that does not end as one, as if it had not been cut off',
    },
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
    { command: 'peakstone sql', does: 'A prompt' },
    { command: 'peakstone sql "select * from films limit 3"', does: 'One statement, as a table' },
    { command: `peakstone sql '\\d films'`, does: 'What a table looks like; \\d alone lists them' },
    { command: 'peakstone sql -1 -f schema.sql', does: 'A file, whole or not at all' },
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
    const format = formatOf(invocation);
    const { chooseTarget } = await import('../sql/target.ts');
    const administrator = async () => {
      const options = { ...invocation.options, superuser: true as const, role: undefined, claims: undefined };
      return await chooseTarget({ ...invocation, options }, context);
    };
    if (isPrompt(invocation, context)) {
      if (format === 'json' || format === 'csv')
        throw new UsageError(
          `There is no statement for --${format}.`,
          `Give one: peakstone sql --${format} "select 1"`,
        );
      const { runShell } = await import('../sql/shell/index.ts');
      return await runShell(await chooseTarget(invocation, context), context, {
        expanded: format === 'expanded',
        administrator,
        onSchemaChange: await awaitApis(invocation, context),
      });
    }
    const { runScript } = await import('../sql/runScript.ts');
    const { reportFailure } = await import('../output/failure.ts');
    const { asCalled } = await import('../output/called.ts');
    const sources = new Sources();
    try {
      const { source, input } = await chooseSource(invocation, context, sources);
      return await runScript({
        source,
        sources,
        input,
        format,
        singleTransaction: invocation.options['single-transaction'] === true,
        allowIncomplete: invocation.options['allow-incomplete'] === true,
        context,
        target: () => chooseTarget(invocation, context),
        administrator,
        onSchemaChange: await awaitApis(invocation, context),
      });
    } catch (error) {
      // A program that asked for JSON gets some, whatever went wrong.
      if (format === 'json') {
        const { message, hint } = error as { message: string; hint?: string };
        const told = { message, hint: hint && asCalled(hint, context.env, context.cwd) };
        context.stdout.write(`${toJson({ error: told })}\n`);
      }
      return reportFailure(error, context);
    } finally {
      await sources.close();
    }
  },
};

function isPrompt({ options, arguments: [statement] }: Invocation, { stdin, stdout }: Context): boolean {
  return (
    stdin.isTTY === true && stdout.isTTY === true && statement === undefined && options.file === undefined
  );
}

/** Returns when the running stack serves what was made. */
async function awaitApis(invocation: Invocation, context: Context): Promise<() => Promise<void>> {
  const { stackOf } = await import('../stack.ts');
  const paths = await stackOf(invocation, context);
  return async () => {
    const { awaitSchema } = await import('@peakstone/stack');
    const late = await awaitSchema(paths);
    if (late !== null) context.stderr.write(`${late}\n`);
  };
}

async function chooseSource(
  { options, arguments: [statement] }: Invocation,
  { cwd, stdin }: Context,
  sources: Sources,
): Promise<{ readonly source: Source; readonly input: InputOnce }> {
  const { file } = options;
  if (typeof file === 'string' && statement !== undefined) {
    throw new UsageError('A statement and --file exclude each other.');
  }
  let unread = !stdin.isTTY;
  const input: InputOnce = () => {
    if (!unread) return null;
    unread = false;
    return stdin;
  };
  if (typeof file === 'string' && file !== '-') return { source: await sources.file(cwd, file), input };
  if (statement !== undefined && statement !== '-') return { source: sourceOf(statement), input };
  if (stdin.isTTY && statement === undefined && file === undefined)
    throw new UsageError(
      'There is no statement, and no terminal to show a prompt on.',
      'Give one: peakstone sql "select 1", a file with -f, or SQL on standard input.',
    );
  return { source: await sources.stream(stdin, 'Standard input'), input: () => null };
}

function formatOf({ options }: Invocation): SqlFormat {
  const chosen = (['json', 'csv', 'expanded'] as const).filter(name => options[name]);
  if (chosen.length > 1) throw new UsageError(`--${chosen[0]} and --${chosen[1]} exclude each other.`);
  return chosen[0] ?? 'table';
}
