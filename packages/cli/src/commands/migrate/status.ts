import { relative } from 'node:path';
import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { dataFor, printableLine } from '../../output/printable.ts';
import { styleFor } from '../../output/style.ts';
import { databaseOptions, jsonOptions, revisionsSchemaOf, targetOf, wantsJson } from './database.ts';
import { writeDiagnostic } from './diagnostics.ts';
import { checkedFolderOf, folderOption } from './folder.ts';

export const status: Command = {
  name: 'status',
  summary: 'show which migrations the database has, and which are pending',
  description:
    'Changes nothing, and waits for nobody. Exit code 0 whatever it says; a program looks at Status, which is OK or PENDING. Applied files that were edited or removed, and indexes that are invalid, are named on standard error.',
  options: { ...folderOption, ...databaseOptions, ...jsonOptions },
  examples: [
    { command: 'peakstone migrate status', does: 'Of the stack that runs here' },
    {
      command: `peakstone migrate status --json | jq -e '.Status == "OK"'`,
      does: 'Fail while something is pending',
    },
  ],
  run: async (invocation, context) => {
    const { envJson, findDrift, findInvalidIndexes, readStatus, renderStatus, statusJson } = await import(
      '@peakstone/stack/migrate'
    );
    const json = wantsJson(invocation);
    const folder = await checkedFolderOf(invocation, context);
    const { url } = await targetOf(invocation, context, folder);
    const found = await readStatus(folder, url, revisionsSchemaOf(invocation));
    if (invocation.options.dir === undefined && !json)
      context.stderr.write(`Folder: ${printableLine(relative(context.cwd, folder.path) || '.')}\n`);
    for (const diagnostic of findDrift(folder, found.applied)) writeDiagnostic(diagnostic, context);
    const style = styleFor(context.stderr, context.env);
    for (const { message, hint } of await findInvalidIndexes(url))
      context.stderr.write(
        `${style.warning('note:')} ${printableLine(message)}\n${style.dim('hint:')} ${printableLine(hint)}\n`,
      );
    const dir = `file://${folder.path}`;
    context.stdout.write(
      json
        ? `${toJson(statusJson(envJson(url, dir), found))}\n`
        : dataFor(context.stdout, renderStatus(found)),
    );
    return exitCodes.ok;
  },
};
