import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { MigrationFolder } from '@peakstone/stack/migrate';
import type { Diff, DiffRequest, Rename, Wanted } from '@peakstone/stack/migrate/diff';
import {
  type Command,
  type Context,
  type Invocation,
  jsonOption,
  stackOptions,
} from '../../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { ask, confirm } from '../../output/confirm.ts';
import { toJson } from '../../output/json.ts';
import { dataFor, printableLine } from '../../output/printable.ts';
import { styleFor } from '../../output/style.ts';
import { projectOf, stackOf } from '../../stack.ts';
import { revisionsSchemaOf, targetOf, withSession } from './database.ts';
import { checkedFolderOf, folderOf, folderOption } from './folder.ts';

/** Where projects keep a declared schema, ours first. */
const usualSchemas = ['schema', 'schema.sql', 'supabase/schemas'] as const;

export const diff: Command = {
  name: 'diff',
  summary: 'write what the folder lacks: a change made in the database, or in declared schema files',
  description: [
    'Replays the folder on a throw-away database, plans what makes it what is wanted, runs the plan on a copy with rows and compares again: what does not stand this proof is shown and never written. Then the files are written, hashed, and linted; where the change was made in the stack’s database, it counts as applied there, and the project’s generated types are made anew.',
    'What is wanted is the running stack’s database; or, with --to, what files of SQL declare (by themselves schema/, schema.sql or supabase/schemas of the project, where there is one); or, with --from, another database.',
    'Tables and columns that may have been renamed are asked about, never guessed: without a terminal, --rename says which were. What loses rows or values is refused without a yes or --allow-destructive; what opens them (row security turned off, a restrictive policy that goes, a view that no longer asks as its reader, rights for visitors), without one or --allow-opening. Indexes are built CONCURRENTLY and constraints added NOT VALID, in files of their own; --offline writes one file that locks.',
  ].join('\n\n'),
  arguments: [{ name: 'NAME', summary: 'What it does, such as add_users', required: false }],
  options: {
    ...folderOption,
    to: { kind: 'list', value: 'PATH', summary: 'Files or folders that declare the schema; may be repeated' },
    from: { kind: 'text', value: 'URL', summary: 'Another database that has the change, or: stack' },
    rename: {
      kind: 'list',
      value: 'OLD=NEW',
      summary: 'people=persons, people.fullname=full_name; may be repeated',
    },
    'allow-destructive': { kind: 'flag', summary: 'Rows and values may go' },
    'allow-opening': { kind: 'flag', summary: 'More people may see or change rows' },
    offline: { kind: 'flag', summary: 'Without CONCURRENTLY and NOT VALID' },
    'dry-run': { kind: 'flag', summary: 'Print the SQL, and write nothing' },
    'revisions-schema': {
      kind: 'text',
      value: 'NAME',
      summary: 'Schema of the table of revisions (default atlas_schema_revisions)',
    },
    'dev-url': { kind: 'text', value: 'URL', summary: 'Of Atlas’ command lines; nothing asks for it' },
    ...jsonOption,
    ...stackOptions,
  },
  examples: [
    {
      command: 'peakstone migrate diff add_users',
      does: 'After create table users … in the stack’s database',
    },
    {
      command: 'peakstone migrate diff add_users --to schema.sql',
      does: 'After an edit of the declared schema',
    },
    { command: 'peakstone migrate diff names --rename people=persons', does: 'A table that was renamed' },
    { command: 'peakstone migrate diff --dry-run', does: 'What is not in the folder yet' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const [name = ''] = invocation.arguments;
    const { formats, isMigrationName } = await import('@peakstone/stack/migrate');
    if (!isMigrationName(name))
      throw new UsageError(`${JSON.stringify(name)} is no part of a file's name.`, 'Such as add_users.');
    const wanted = await wantedOf(invocation, context);
    const folder = await foundFolder(invocation, context);
    if (!formats[folder.format].isFlat)
      throw new UsageError(
        `A folder of ${folder.format}’s has a folder for each migration, which diff does not write.`,
        'Start a folder of its own for what comes next: --dir migrations',
      );
    const found = await untilInterrupted(context, signal =>
      compare(invocation, context, folder, wanted, signal),
    );
    const json = options.json === true;
    if (json && (options['dry-run'] || found.unproven.length > 0 || found.files.length === 0))
      await writeJson(found, [], context);
    await tell(found, context);
    if (found.unproven.length > 0) {
      if (!json) await printSql(found, context);
      throw new CliError(`The plan is not proven, and was not written: ${found.unproven[0]}`, {
        hint:
          found.possibleRenames.length > 0
            ? 'Say what was renamed, by --rename as above; or write the change by hand (peakstone migrate new NAME).'
            : 'Write the change by hand (peakstone migrate new NAME), in steps if need be, and compare again.',
      });
    }
    if (found.files.length === 0) {
      if (!json)
        context.stderr.write(
          found.unmodelled.length + found.otherOrders.length === 0
            ? 'Nothing differs.\n'
            : 'Nothing else differs.\n',
        );
      return exitCodes.ok;
    }
    if (options['dry-run']) {
      if (!json) await printSql(found, context);
      return exitCodes.ok;
    }
    if (wanted.kind !== 'database') refuseMissingRoles(found);
    await confirmWrite(found, name, options, context);
    const { writeDiff } = await import('@peakstone/stack/migrate/diff');
    const names = await writeDiff(folder, name, found);
    if (json) await writeJson(found, names, context);
    else
      for (const file of names) context.stdout.write(`${relative(context.cwd, join(folder.path, file))}\n`);
    await lintWritten(names.length, invocation, context);
    await finish(wanted, names, invocation, context);
    return exitCodes.ok;
  },
};

/** What is lost, or opened, takes a yes. @throws {UsageError} where nobody can be asked */
async function confirmWrite(
  { losses, openings }: Diff,
  name: string,
  options: Invocation['options'],
  context: Context,
): Promise<void> {
  const asked = [
    { flag: 'allow-destructive', about: losses.map(({ message }) => message) },
    { flag: 'allow-opening', about: openings },
  ].filter(({ flag, about }) => about.length > 0 && !options[flag]);
  if (asked.length === 0) return;
  const given = ['allow-destructive', 'allow-opening'].filter(flag => options[flag]);
  const flags = [...given, ...asked.map(({ flag }) => flag)].map(flag => `--${flag}`);
  await confirm(
    printableLine(asked.flatMap(({ about }) => about).join(' ')),
    ['peakstone migrate diff', name, ...flags].filter(word => word !== '').join(' '),
    context,
  );
}

/** What names a role that no migration makes fails in every other stack, and in the next replay. @throws {CliError} */
function refuseMissingRoles({ missingRoles, files }: Diff): void {
  const sql = files.flatMap(({ statements }) => statements).join('\n');
  const named = missingRoles.filter(role => sql.includes(`"${role.replaceAll('"', '""')}"`));
  const [first] = named;
  if (first === undefined) return;
  throw new CliError(
    `${named.length === 1 ? `Role ${first} has` : `Roles ${named.join(', ')} have`} rights or policies, and no migration makes a role: a new stack would refuse the file. Nothing was written.`,
    {
      hint: `Give them to a role of the stack (app_user, web_anon …). Or write that file by hand (peakstone migrate new NAME), and in each stack, before it is applied: peakstone sql --superuser 'create role "${first.replaceAll('"', '""')}"'`,
    },
  );
}

async function wantedOf({ options }: Invocation, context: Context): Promise<Wanted> {
  const { from } = options;
  const to = options.to as readonly string[] | undefined;
  if (from !== undefined && to !== undefined) throw new UsageError('--from and --to exclude each other.');
  if (to !== undefined)
    return { kind: 'files', paths: to.map(path => resolve(context.cwd, path.replace(/^file:\/\//, ''))) };
  if (from === 'stack') return { kind: 'stack' };
  if (typeof from === 'string') {
    if (!/^postgres(?:ql)?:\/\//.test(from))
      throw new UsageError(
        `--from needs an address or the word stack, not '${from}'.`,
        'Such as postgres://user@host/database.',
      );
    return { kind: 'database', url: from };
  }
  const project = await projectOf(context);
  const declared = usualSchemas.map(path => join(project, path)).find(existsSync);
  if (declared === undefined) return { kind: 'stack' };
  const { assertOwnDownTo } = await import('@peakstone/stack/migrate');
  assertOwnDownTo(project, declared);
  context.stderr.write(
    `Wanted is what ${relative(context.cwd, declared)} declares (--from stack for the database).\n`,
  );
  return { kind: 'files', paths: [declared] };
}

/** A project's first migration may be a diff. */
async function foundFolder(invocation: Invocation, context: Context): Promise<MigrationFolder> {
  const path = await folderOf(invocation, context);
  if (!existsSync(path)) return { format: 'atlas', path, files: [], sumText: null };
  return await checkedFolderOf(invocation, context);
}

async function compare(
  invocation: Invocation,
  context: Context,
  folder: MigrationFolder,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Diff> {
  const { diffMigrations, readRename } = await import('@peakstone/stack/migrate/diff');
  const { formats } = await import('@peakstone/stack/migrate');
  const { options } = invocation;
  const renames = ((options.rename as readonly string[] | undefined) ?? []).map(readRename);
  const live = context.stderr.isTTY === true && context.env.TERM !== 'dumb';
  const clear = () => void (live && context.stderr.write('\r\u001b[K'));
  const answer = (rename: Rename) => {
    clear();
    return asks(rename, context);
  };
  const request: DiffRequest = {
    folder,
    wanted,
    renames,
    askRename: context.stdin.isTTY && !options.json ? answer : undefined,
    // Where every file is a transaction nothing can be made CONCURRENTLY.
    offline: options.offline === true || !formats[folder.format].hasTxModes,
    revisionsSchema: revisionsSchemaOf(invocation),
    onProgress: what => {
      clear();
      context.stderr.write(live ? `${printableLine(what)} …` : `${printableLine(what)}\n`);
    },
  };
  try {
    return await diffMigrations(request, await stackOf(invocation, context), context.env, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError('Cancelled. Nothing was written.', { exitCode: exitCodes.interrupted });
  } finally {
    clear();
  }
}

async function asks(rename: Rename, context: Context): Promise<boolean> {
  const what = rename.kind === 'table' ? `table ${rename.from}` : `column ${rename.from} of ${rename.table}`;
  const answer = await ask(
    `Was ${printableLine(what)} renamed to ${printableLine(rename.to)}? [y/N] `,
    context,
  );
  if (answer === undefined) throw new CliError('Nothing was written.', { exitCode: exitCodes.interrupted });
  return answer === 'y' || answer === 'yes';
}

/** What should be known of it, on standard error. */
async function tell(found: Diff, { stderr, env }: Context): Promise<void> {
  const { renameText } = await import('@peakstone/stack/migrate/diff');
  const style = styleFor(stderr, env);
  const note = (text: string) => stderr.write(`${style.warning('note:')} ${printableLine(text)}\n`);
  for (const rename of found.possibleRenames)
    note(`This may be a rename; if it is: --rename ${renameText(rename)}`);
  for (const message of [...found.losses.map(({ message }) => message), ...found.openings]) note(message);
  for (const what of found.unmodelled) note(`Differs, and has to be written by hand: ${what}`);
  for (const order of found.otherOrders)
    note(`${order} No statement moves a column; a table that is made anew can have it.`);
  for (const role of found.missingRoles)
    note(`Role ${role} has grants and must be there: migrations do not make roles.`);
  if (found.withoutRows.length > 0)
    note(`No row could be made for the proof of: ${found.withoutRows.join(', ')}`);
}

async function printSql({ files }: Diff, { stdout }: Context): Promise<void> {
  const { renderFile } = await import('@peakstone/stack/migrate/diff');
  stdout.write(dataFor(stdout, files.map(renderFile).join('\n')));
}

async function writeJson(found: Diff, names: readonly string[], { stdout }: Context): Promise<void> {
  const { renderFile } = await import('@peakstone/stack/migrate/diff');
  const files = found.files.map((file, index) => ({
    name: names[index] ?? null,
    transaction: file.inTransaction,
    sql: renderFile(file),
  }));
  stdout.write(`${toJson({ ...found, files }, 2)}\n`);
}

async function lintWritten(count: number, invocation: Invocation, context: Context): Promise<void> {
  const { lintMigrations, renderText } = await import('@peakstone/stack/migrate/lint');
  const folder = await folderOf(invocation, context);
  const report = await lintMigrations(
    folder,
    { latest: count },
    {},
    await stackOf(invocation, context),
    context.env,
  );
  if (report.files.every(({ findings }) => findings.length === 0)) return;
  const { bold, dim, bad, warning } = styleFor(context.stderr, context.env);
  const paint = { bold, dim, levels: { error: bad, warning, info: dim } };
  context.stderr.write(`\n${renderText(report, relative(context.cwd, folder) || '.', paint)}`);
}

/** The change is in the stack's database already; elsewhere somebody has to bring it. */
async function finish(
  wanted: Wanted,
  names: readonly string[],
  invocation: Invocation,
  context: Context,
): Promise<void> {
  const last = names.at(-1)?.split('_')[0] ?? '';
  switch (wanted.kind) {
    case 'stack': {
      const { historyOf, operatorVersion, setVersion } = await import('@peakstone/stack/migrate');
      const { regenerateTypes } = await import('@peakstone/stack/migrate/diff');
      const folder = await checkedFolderOf(invocation, context);
      const target = await targetOf(invocation, context, folder);
      await untilInterrupted(context, signal =>
        withSession(target.url, invocation, context, signal, async session => {
          const history = historyOf(folder, revisionsSchemaOf(invocation) ?? session.schema);
          await setVersion(folder, session, history, { version: last, operatorVersion });
        }),
      );
      context.stderr.write('The stack’s database has it, and counts it as applied.\n');
      for (const file of await regenerateTypes(await stackOf(invocation, context), context.env))
        context.stderr.write(`Wrote ${relative(context.cwd, file)} anew.\n`);
      break;
    }
    case 'database':
      context.stderr.write(`That database has it: peakstone migrate set ${last} --url … says so there.\n`);
      break;
    case 'files':
      context.stderr.write('To apply it: peakstone migrate apply\n');
  }
}
