import { interruptions } from '../../backup/interruptions.ts';
import { type Command, jsonOption, stackOptions } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';

export const create: Command = {
  name: 'create',
  summary: 'make a backup of the running database now',
  description:
    'Copies the whole cluster over the replication protocol while it is in use, with the WAL that it needs. Incremental where it can stand on the newest backup, else full. A database that others run is written as SQL instead (BACKUP_METHOD). What leaves this machine is encrypted; a key is made when there is none, and shown once.',
  options: {
    full: { kind: 'flag', summary: 'Copy everything' },
    incremental: { kind: 'flag', summary: 'Copy only what has changed since the newest backup' },
    label: { kind: 'text', value: 'TEXT', summary: 'A note for the list' },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone backup create', does: 'Into BACKUP_STORE, or .peakstone/backups' },
    { command: 'peakstone backup create --full --label "before 2.0"', does: 'Everything, with a note' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    if (options.full && options.incremental)
      throw new UsageError('--full and --incremental exclude each other.');
    const { createStackBackup } = await import('@peakstone/stack/backup');
    const { withBackupProgress } = await import('../../backup/progress.ts');
    const paths = await stackOf(invocation, context);
    return await withBackupProgress(
      context,
      interruptions.create,
      (onEvent, signal) =>
        createStackBackup(paths, context.env, {
          kind: options.full ? 'full' : options.incremental ? 'incremental' : 'auto',
          ...(typeof options.label === 'string' && { label: options.label }),
          onEvent,
          onKey: text => void context.stderr.write(`${text}\n`),
          signal,
        }),
      made => {
        const { place, ...backup } = made;
        context.stdout.write(`${options.json ? toJson({ place, ...backup }) : backup.id}\n`);
        if ('missing' in backup && !options.json)
          for (const what of backup.missing) context.stderr.write(`Not in it: ${printableLine(what)}.\n`);
        return exitCodes.ok;
      },
    );
  },
};
