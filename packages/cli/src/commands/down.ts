import { type Command, jsonOption, stackOptions, usualServices } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { Progress } from '../output/progress.ts';
import { stackOf } from '../stack.ts';

export const down: Command = {
  name: 'down',
  summary: 'drain and stop the stack of this folder, or one service of it',
  description:
    'Data and secrets stay. Stopping a stack that does not run is no error; what a killed one left running is stopped. A service that was stopped alone stays so until peakstone restart SERVICE.',
  arguments: [
    {
      name: 'SERVICE',
      summary: 'postgres, rest, gateway … (the whole stack when left out)',
      likely: usualServices,
      required: false,
    },
  ],
  options: { ...stackOptions, ...jsonOption },
  examples: [
    { command: 'peakstone down', does: 'Stop what peakstone up --detach started' },
    { command: 'peakstone down && rm -rf .peakstone', does: 'Stop, and forget all data' },
  ],
  run: async ({ options, arguments: [service] }, context) => {
    const { stopService, stopStack, serviceTitles } = await import('@peakstone/stack');
    const progress = new Progress(context, serviceTitles);
    try {
      const paths = await stackOf({ options }, context);
      if (service !== undefined) {
        await stopService(paths, service, progress.onEvent);
        if (options.json) context.stdout.write(`${JSON.stringify({ stopped: true })}\n`);
        return exitCodes.ok;
      }
      const stopped = await stopStack(paths, progress.onEvent, context.env);
      progress.close();
      if (options.json) context.stdout.write(`${JSON.stringify({ stopped })}\n`);
      else context.stderr.write(stopped ? 'PeakStone is stopped.\n' : 'No stack runs in this folder.\n');
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};
