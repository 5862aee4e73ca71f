import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../../grammar/command.ts';
import { CliError, exitCodes } from '../../grammar/errors.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { dataFor } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const squash: Command = {
  name: 'squash',
  summary: 'put all migrations into one checkpoint, proven equal',
  description:
    'Empty databases begin with the checkpoint; those that have the files before it have nothing to do. It is written only when a throw-away PostgreSQL holds the same afterwards: every object with its owner, grants and comment, every sequence’s position, and every column’s values. What the files themselves make otherwise each time, by the time or by chance, is named.',
  options: {
    ...folderOption,
    tag: { kind: 'text', value: 'TAG', summary: 'A name for it, such as v1.0' },
    replace: { kind: 'flag', summary: 'Remove the files that it stands for' },
    'dry-run': { kind: 'flag', summary: 'Print it, proven, and write nothing' },
  },
  examples: [
    { command: 'peakstone migrate squash', does: 'A checkpoint beside the files' },
    { command: 'peakstone migrate squash --replace', does: 'In their place, once every database has them' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const { createFile, replaceFile } = await import('@peakstone/kernel/durable');
    const { planSquash, proveOnThrowaway, readFolder, replaySettings, sumFile, sumTextOf } = await import(
      '@peakstone/stack/migrate'
    );
    const folder = await checkedFolderOf(invocation, context);
    const settings = await replaySettings(await stackOf(invocation, context), context.env);
    const squashed = planSquash(folder, typeof options.tag === 'string' ? options.tag : null);
    context.stderr.write(
      `Running ${folder.files.length} files, and what shall stand for them, on a throw-away PostgreSQL …\n`,
    );
    const { differences, byChance } = await untilInterrupted(context, signal =>
      proveOnThrowaway(folder, squashed, settings, signal),
    );
    if (differences.length > 0)
      throw new CliError(
        `${squashed.name} would not make what the files make: ${differences.slice(0, 5).join('; ')}${differences.length > 5 ? `; and ${differences.length - 5} more` : ''}.`,
        {
          hint: 'Nothing was written. What a file makes by chance, by the time or by the state of a session has to be written out.',
        },
      );
    if (byChance.length > 0)
      context.stderr.write(
        `Not compared, as the files themselves make it otherwise each time: ${byChance.slice(0, 5).join(', ')}${byChance.length > 5 ? ` and ${byChance.length - 5} more` : ''}.\n`,
      );
    if (options['dry-run']) {
      context.stdout.write(dataFor(context.stdout, squashed.text));
      return exitCodes.ok;
    }
    createFile(join(folder.path, squashed.name), squashed.text);
    if (options.replace) for (const { name } of squashed.files) await rm(join(folder.path, name));
    replaceFile(join(folder.path, sumFile), sumTextOf(await readFolder(folder.path, 'atlas')));
    context.stderr.write(`Made ${squashed.name} of ${squashed.statements} statements: proven equal.\n`);
    return exitCodes.ok;
  },
};
