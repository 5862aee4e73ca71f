import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes, UsageError } from '../grammar/errors.ts';
import type { Interruption } from '../interrupt.ts';
import { escapeJson, toJson } from '../output/json.ts';
import { stackOf } from '../stack.ts';

const options = {
  'dry-run': { kind: 'flag', summary: 'Read all of it and say what would be done; change nothing' },
  database: {
    kind: 'text',
    value: 'NAME',
    summary: 'Which database of a pg_dumpall (default: the one that holds anything, or postgres)',
  },
  'allow-incomplete': {
    kind: 'flag',
    summary: 'Take a plain file that does not end as a dump ends; what it does not say stays closed',
  },
  ...jsonOption,
  ...stackOptions,
} as const;

const source = {
  name: 'SOURCE',
  summary:
    'a dump: a plain file of pg_dump or pg_dumpall, an archive (-Fc, -Ft) or a folder (-Fd); or several plain files in their order; or the address of the database: postgres://…',
  many: true,
} as const;

const supabase: Command = {
  name: 'supabase',
  summary: 'import a Supabase project from a dump of its database',
  description: [
    'Everything belongs to db_migrator afterwards. Roles of its own, extensions, tables with their rows, functions, policies, triggers, publications and cron jobs are taken over; users with their passwords, identities and sessions (auth), buckets and the rows of objects (storage), and the history of migrations as well. What the stack has itself stays its own: auth.uid() and its siblings, event triggers. What is the platform’s, or needs what this server lacks, is set aside and told.',
    'A run that was ended goes on where it was when the same command is given again. Exit code 1 when the server refused something.',
  ].join('\n\n'),
  arguments: [source],
  options,
  examples: [
    { command: 'peakstone import supabase backup.dump', does: 'What pg_dump -Fc, or the dashboard, wrote' },
    {
      command: 'peakstone import supabase roles.sql schema.sql data.sql',
      does: 'What the Supabase CLI wrote; DATABASE_SUPABASE=full makes the tables that it leaves out',
    },
    {
      command:
        'PGPASSWORD=… peakstone import supabase postgres://postgres.ref@aws-0-eu-central-1.pooler.supabase.com:5432/postgres',
      does: 'The live project, in one snapshot',
    },
    {
      command: 'peakstone import supabase --dry-run --json backup.dump',
      does: 'What would be set aside, for a program',
    },
  ],
  run: async (invocation, context) => await importFrom('supabase', invocation, context),
};

const postgres: Command = {
  name: 'postgres',
  summary: 'import any PostgreSQL database from a dump',
  description:
    'Everything belongs to db_migrator afterwards, unless the dump brings its owner’s role, as pg_dumpall does. Extensions come first, rows before what fires on them; what only the administrator may is set aside and told.',
  arguments: [source],
  options,
  examples: [
    {
      command: 'peakstone import postgres films.dump',
      does: 'An archive of pg_dump, of PostgreSQL 9.0 to 17',
    },
  ],
  run: async (invocation, context) => await importFrom('postgres', invocation, context),
};

const hasura: Command = {
  name: 'hasura',
  summary: 'import a Hasura project: its database, its metadata and its migrations',
  description: [
    'SOURCE is the project’s folder (config.yaml, metadata/, migrations/) or the address of a server that runs, whose admin secret is read from HASURA_GRAPHQL_ADMIN_SECRET. The database comes from --from: a dump, or its address, with hdb_catalog and the events in it. Without --from, what is in migrations/ and has not run here yet runs as db_migrator, each in a transaction of its own.',
    'The metadata replaces that of the stack’s GraphQL; what of it cannot be served is kept out of the API and told. Which migrations have run is kept where Hasura’s CLI looks for it.',
  ].join('\n\n'),
  arguments: [{ name: 'SOURCE', summary: 'the folder of a project, or https://…' }],
  options: {
    from: {
      kind: 'list',
      value: 'DUMP',
      summary: 'The project’s database: a dump of pg_dump, or postgres://…; once for each file',
    },
    ...options,
  },
  examples: [
    {
      command: 'peakstone import hasura ./hasura --from backup.dump',
      does: 'A project with its rows',
    },
    {
      command:
        'HASURA_GRAPHQL_ADMIN_SECRET=… peakstone import hasura https://api.example.com --from postgres://…',
      does: 'A server that runs, with its database',
    },
    { command: 'peakstone import hasura ./hasura --dry-run', does: 'What would be set aside' },
  ],
  run: async ({ options: given, arguments: [source = ''] }, context) => {
    const { importHasura } = await import('@peakstone/stack/graphql/import');
    const { TransferProgress } = await import('../transfer/progress.ts');
    const { renderHasuraImport } = await import('../transfer/hasuraReport.ts');
    const { styleFor, terminalWidth } = await import('../output/style.ts');
    const { interruptible } = await import('../interrupt.ts');
    const { isAddress, warnOfPassword } = await import('../transfer/address.ts');
    const { resolve } = await import('node:path');
    const paths = await stackOf({ options: given }, context);
    const from = (given.from ?? []) as readonly string[];
    warnOfPassword(from, context);
    const absolute = (path: string): string => resolve(context.cwd, path);
    const progress = new TransferProgress(context);
    return await interruptible(context, given['dry-run'] ? ofRehearsal : ofImport, async signal => {
      const report = await importHasura(paths, context.env, {
        source: /^https?:\/\//.test(source) ? source : absolute(source),
        secret: context.env.HASURA_GRAPHQL_ADMIN_SECRET,
        database: from.map(file => (isAddress(file) ? file : absolute(file))),
        dryRun: given['dry-run'] === true,
        onProgress: ({ phase, share, text }) => progress.show(phase, share, text),
        signal,
      }).finally(() => progress.close());
      const { stdout, env } = context;
      if (given.json) stdout.write(`${escapeJson(JSON.stringify(report))}\n`);
      else stdout.write(renderHasuraImport(report, styleFor(stdout, env), terminalWidth(stdout)));
      return report.database?.notes.some(({ kind }) => kind === 'failed') ? exitCodes.failure : exitCodes.ok;
    });
  },
};

const abandon: Command = {
  name: 'abandon',
  summary: 'give up an import that was ended in the middle',
  description: [
    'What it made is listed, and stays. What db_migrator might do for the time of the import is taken back, and what the stack gives by default on new tables is given again; the next import begins anew.',
    'With --undo, what it made is removed: neither what was there before, nor what others have put in since, nor what that rests on; what stays is named with the reason. Until the next import begins, this can also be done after giving up. Where backups reach back to before the import, the command is told that brings all of the database back.',
  ].join('\n\n'),
  options: {
    undo: { kind: 'flag', summary: 'Remove what it made' },
    yes: { kind: 'flag', summary: 'With --undo: do not ask' },
    ...jsonOption,
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone import abandon', does: 'What it made, which stays; another dump can be imported' },
    {
      command: 'peakstone import abandon --undo',
      does: 'The same, and what it made is removed, after asking',
    },
  ],
  run: async ({ options: given }, context) => {
    const { abandonStackImport } = await import('@peakstone/stack');
    const { renderAbandoned } = await import('../transfer/abandoned.ts');
    const { interruptible } = await import('../interrupt.ts');
    const undo = given.undo === true;
    if (given.yes && !undo) throw new UsageError('--yes belongs to --undo.');
    const paths = await stackOf({ options: given }, context);
    if (undo && !given.yes) {
      const { confirm } = await import('../output/confirm.ts');
      await confirm(
        'What the import that was given up has made will be removed, with all rows in it.',
        context.told('peakstone import abandon --undo --yes'),
        context,
      );
    }
    return await interruptible(context, ofUndo, async signal => {
      const found = await abandonStackImport(paths, context.env, { undo, signal });
      if (given.json) context.stdout.write(`${toJson(found)}\n`);
      else if (found === null) context.stderr.write('No import was begun.\n');
      else {
        const { rows, notes } = renderAbandoned(found);
        context.stdout.write(rows.map(row => `${row}\n`).join(''));
        context.stderr.write(notes.map(note => `${note}\n`).join(''));
      }
      return (found?.undone?.left.length ?? 0) > 0 ? exitCodes.failure : exitCodes.ok;
    });
  },
};

export const importCommand: Command = {
  name: 'import',
  summary: 'bring a database in: from Supabase, Hasura, or any dump of PostgreSQL',
  commands: [supabase, postgres, hasura, abandon],
  examples: [{ command: 'peakstone import supabase backup.dump', does: 'A Supabase project' }],
};

async function importFrom(
  origin: 'supabase' | 'postgres',
  { options: given, arguments: files }: Invocation,
  context: Context,
): Promise<number> {
  const { importIntoStack } = await import('@peakstone/stack');
  const { TransferProgress } = await import('../transfer/progress.ts');
  const { asCalled } = await import('../output/called.ts');
  const { renderImport } = await import('../transfer/report.ts');
  const { styleFor, terminalWidth } = await import('../output/style.ts');
  const { interruptible } = await import('../interrupt.ts');
  const { isAddress, warnOfPassword } = await import('../transfer/address.ts');
  const { resolve } = await import('node:path');
  const paths = await stackOf({ options: given }, context);
  warnOfPassword(files, context);
  const progress = new TransferProgress(context);
  return await interruptible(context, given['dry-run'] ? ofRehearsal : ofImport, async signal => {
    const report = await importIntoStack(paths, context.env, {
      origin,
      files: files.map(file => (isAddress(file) ? file : resolve(context.cwd, file))),
      dryRun: given['dry-run'] === true,
      allowIncomplete: given['allow-incomplete'] === true,
      ...(typeof given.database === 'string' && { database: given.database }),
      onProgress: ({ phase, share, text }) => progress.show(phase, share, text),
      signal,
    }).finally(() => progress.close());
    const { stdout, env, cwd } = context;
    const say = (text: string): string => asCalled(text, env, cwd);
    const named = (key: string, value: unknown): unknown =>
      key === 'remedy' && typeof value === 'string' ? say(value) : value;
    if (given.json) stdout.write(`${escapeJson(JSON.stringify(report, named))}\n`);
    else stdout.write(say(renderImport(report, styleFor(stdout, env), terminalWidth(stdout))));
    return report.notes.some(({ kind }) => kind === 'failed') ? exitCodes.failure : exitCodes.ok;
  });
}

const ofImport: Interruption = {
  cancelled: 'Run the same command again: it goes on where it was.',
  again: 'What was committed is kept: the same command goes on from there.',
};
const ofRehearsal: Interruption = {
  cancelled: 'Nothing was changed.',
  again: 'Nothing was changed.',
};
const ofUndo: Interruption = {
  cancelled: 'Run the same command again: it goes on where it was.',
  again: 'What was removed is removed: the same command goes on from there.',
};
