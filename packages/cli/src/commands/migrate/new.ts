import { join, relative } from 'node:path';
import type { Command } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { folderOf, folderOption } from './folder.ts';

export const newFile: Command = {
  name: 'new',
  summary: 'make an empty migration, named after the present time',
  arguments: [{ name: 'NAME', summary: 'What it does, such as add_users', required: false }],
  options: folderOption,
  examples: [{ command: 'peakstone migrate new add_users', does: 'migrations/20240131120000_add_users.sql' }],
  run: async (invocation, context) => {
    const { isMigrationName, writeMigration } = await import('@peakstone/stack/migrate');
    const [name = ''] = invocation.arguments;
    if (!isMigrationName(name))
      throw new UsageError(`${JSON.stringify(name)} is no part of a file's name.`, 'Such as add_users.');
    const path = await folderOf(invocation, context);
    const file = await writeMigration(path, name, '');
    context.stderr.write(`Made ${relative(context.cwd, join(path, file))}.\n`);
    return exitCodes.ok;
  },
};
