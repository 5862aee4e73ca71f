import { relative } from 'node:path';
import type { Command, Context, Invocation } from '../../grammar/command.ts';
import { jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { styleFor } from '../../output/style.ts';
import { folderOf, folderOption } from './folder.ts';

const namedKinds = ['table', 'column', 'index', 'constraint', 'schema', 'view', 'function', 'type'] as const;

export const lint: Command = {
  name: 'lint',
  summary: 'tell what migrations will do to a database in use: locks, rewrites, losses',
  description: [
    'Reads every file with PostgreSQL’s own parser, knowing what the files before have made: no database is asked. Tells of those chosen by --latest or --git-base, or of all, with the lock that a statement takes, why it hurts, and how to write it without. Also checks atlas.sum.',
    'A comment -- atlas:nolint above a statement, or at the top of a file with an empty line below, silences what it names (codes, classes as destructive, names as squawk’s), or everything.',
    'Exit code 1 for errors, and with --strict for warnings.',
  ].join('\n\n'),
  options: {
    ...folderOption,
    latest: { kind: 'integer', value: 'N', range: [1, 1_000_000], summary: 'The newest N files alone' },
    'git-base': { kind: 'text', value: 'REF', summary: 'Files that this branch adds to that one alone' },
    format: {
      kind: 'text',
      value: 'FORMAT',
      summary: 'text, json, github (annotations), or Atlas’ {{ json .Files }} (default text)',
    },
    with: { kind: 'list', value: 'CODE', summary: 'Also a rule that is off: PG501 (style); may be repeated' },
    without: { kind: 'list', value: 'CODE', summary: 'Without a rule, or a class of them; may be repeated' },
    name: {
      kind: 'list',
      value: 'KIND=REGEX',
      summary: `Names must match; KIND is one of ${namedKinds.join(', ')}; may be repeated`,
    },
    strict: { kind: 'flag', summary: 'Warnings fail, too' },
    'tx-mode': {
      kind: 'text',
      value: 'MODE',
      choices: ['file', 'all', 'none'],
      summary: 'As it will be applied (default file)',
    },
    'dev-url': { kind: 'text', value: 'URL', summary: 'Of Atlas’ command lines; nothing asks for it' },
    ...jsonOption,
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone migrate lint --latest 1', does: 'The file just written' },
    {
      command: 'peakstone migrate lint --git-base origin/main --format github',
      does: 'A pull request’s files',
    },
    { command: 'peakstone migrate lint --name table=^[a-z_]+$', does: 'Also names' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const format = formatOf(invocation);
    if (options.latest !== undefined && options['git-base'] !== undefined)
      throw new UsageError('--latest and --git-base exclude each other.');
    const { lintMigrations, renderAtlas, renderGithub, renderText } = await import(
      '@peakstone/stack/migrate/lint'
    );
    const { stackOf } = await import('../../stack.ts');
    const folder = await folderOf(invocation, context);
    const report = await lintMigrations(
      folder,
      { latest: options.latest as number | undefined, gitBase: options['git-base'] as string | undefined },
      {
        ...(await rulesOf(invocation)),
        ...(options['tx-mode'] !== undefined && { txMode: options['tx-mode'] as 'file' | 'all' | 'none' }),
      },
      await stackOf(invocation, context),
      context.env,
    );
    const shown = relative(context.cwd, folder) || '.';
    const findings = report.files.flatMap(file => file.findings);
    switch (format) {
      case 'json': {
        const files = report.files.map(({ name, statements, findings }) => ({ name, statements, findings }));
        context.stdout.write(`${toJson({ files, sum: report.sum, changed: report.changed }, 2)}\n`);
        break;
      }
      case 'atlas':
        context.stdout.write(`${renderAtlas(report)}\n`);
        break;
      case 'github':
        context.stdout.write(renderGithub(report, shown));
        break;
      case 'text':
        context.stdout.write(renderText(report, shown, paintFor(context)));
        for (const name of report.changed)
          context.stderr.write(
            `${name} was changed since the base: databases that have applied it will not see that.\n`,
          );
    }
    const fails = findings.some(({ level }) => level === 'error' || (options.strict && level === 'warning'));
    return fails || report.sum !== null || report.changed.length > 0 ? exitCodes.failure : exitCodes.ok;
  },
};

type Format = 'text' | 'json' | 'github' | 'atlas';

function formatOf({ options }: Invocation): Format {
  const { format, json } = options;
  if (format === undefined) return json ? 'json' : 'text';
  if (format === 'text' || format === 'json' || format === 'github') return format;
  // The one template that scripts around Atlas use.
  if (/^\{\{-?\s*json \.(Files)?\s*-?\}\}$/.test(String(format))) return 'atlas';
  throw new UsageError(
    `There is no format ${format}.`,
    'There are text, json, github and {{ json .Files }}.',
  );
}

async function rulesOf({ options }: Invocation) {
  const { RULES } = await import('@peakstone/stack/migrate/lint');
  const enabled = (options.with as readonly string[] | undefined) ?? [];
  const disabled = (options.without as readonly string[] | undefined) ?? [];
  const known = new Set(RULES.flatMap(({ code, aliases }) => [code, ...aliases]));
  for (const name of [...enabled, ...disabled])
    if (!known.has(name))
      throw new UsageError(`There is no rule ${name}.`, 'Codes are those that findings show: DS103, PG101 …');
  const names = (options.name as readonly string[] | undefined) ?? [];
  return { enabled, disabled, ...(names.length > 0 && { naming: new Map(names.map(readName)) }) };
}

function readName(text: string): [(typeof namedKinds)[number], RegExp] {
  const [kind = '', ...rest] = text.split('=');
  const found = namedKinds.find(each => each === kind);
  if (found === undefined || rest.length === 0)
    throw new UsageError(`--name ${text} is not KIND=REGEX.`, `KIND is one of ${namedKinds.join(', ')}.`);
  try {
    return [found, new RegExp(rest.join('='))];
  } catch {
    throw new UsageError(`--name ${text}: ${rest.join('=')} is no regular expression.`);
  }
}

function paintFor({ stdout, env }: Context) {
  const { bold, dim, bad, warning } = styleFor(stdout, env);
  return { bold, dim, levels: { error: bad, warning, info: dim } };
}
