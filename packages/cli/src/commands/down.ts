import { existsSync } from 'node:fs';
import {
  type Command,
  type Context,
  type Invocation,
  jsonOption,
  stackOptions,
  usualServices,
} from '../grammar/command.ts';
import { exitCodes, UsageError } from '../grammar/errors.ts';
import { asCalled } from '../output/called.ts';
import { toJson } from '../output/json.ts';
import { Progress } from '../output/progress.ts';
import { stackOf } from '../stack.ts';

export const down: Command = {
  name: 'down',
  summary: 'drain and stop the stack of this folder, or one service of it',
  description: [
    'Data and secrets stay. Stopping a stack that does not run is no error; what a killed one left running is stopped. A service that was stopped alone stays so until peakstone restart SERVICE.',
    '--delete-data removes the data as well, wherever they are, once you have agreed: where PostgreSQL’s user cannot enter the project, as under /root, they are in /var/lib/peakstone, and removing .peakstone would leave them there. Secrets in .env stay. Nothing that PeakStone did not make, or that is in use, is removed.',
  ].join('\n\n'),
  arguments: [
    {
      name: 'SERVICE',
      summary: 'postgres, rest, gateway … (the whole stack when left out)',
      likely: usualServices,
      required: false,
    },
  ],
  options: {
    'delete-data': { kind: 'flag', summary: 'Remove all data afterwards; asks first, on a terminal' },
    yes: { kind: 'flag', summary: 'Do not ask' },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone down', does: 'Stop what peakstone up --detach started' },
    { command: 'peakstone down --delete-data', does: 'Stop, and forget all data' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const [service] = invocation.arguments;
    const { stopService, stopStack, serviceTitles } = await import('@peakstone/stack');
    const deletes = options['delete-data'] === true;
    if (deletes && service !== undefined)
      throw new UsageError('Data are removed of the whole stack.', 'Leave the name of the service out.');
    if (options.yes && !deletes) throw new UsageError('--yes belongs to --delete-data.');
    const paths = await stackOf(invocation, context);
    // Asked before anything is stopped.
    if (deletes) await agree(invocation, context);
    const progress = new Progress(context, serviceTitles);
    try {
      if (service !== undefined) {
        await stopService(paths, service, progress.onEvent);
        if (options.json) context.stdout.write(`${toJson({ stopped: true })}\n`);
        return exitCodes.ok;
      }
      const stopped = await stopStack(paths, progress.onEvent, context.env);
      progress.close();
      const removed = deletes ? await remove(invocation, context) : null;
      if (options.json)
        context.stdout.write(`${toJson({ stopped, ...(removed === null ? {} : { removed }) })}\n`);
      else context.stderr.write(stopped ? 'PeakStone is stopped.\n' : 'No stack runs in this folder.\n');
      if (removed !== null && !options.json)
        context.stderr.write(removed.length > 0 ? 'Its data are removed.\n' : 'There are no data.\n');
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};

async function remove(invocation: Invocation, context: Context): Promise<readonly string[]> {
  const { deleteData } = await import('@peakstone/stack');
  return await deleteData(await stackOf(invocation, context), context.env);
}

/** @throws {UsageError} where there is no terminal to ask on; {CliError} when the answer is no */
async function agree(invocation: Invocation, context: Context): Promise<void> {
  const { dataElsewhere } = await import('@peakstone/stack');
  const { confirm } = await import('../output/confirm.ts');
  const paths = await stackOf(invocation, context);
  if (invocation.options.yes) return;
  const places = [
    ...(existsSync(paths.data) ? [paths.data] : []),
    ...Object.values(await dataElsewhere(paths, context.env)),
  ];
  if (places.length === 0) return;
  await confirm(
    `All data in ${places.join(' and ')} will be lost.`,
    asCalled('peakstone down --delete-data --yes', context.env),
    context,
  );
}
