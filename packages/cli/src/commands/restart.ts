import { type Command, stackOptions, usualServices } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { Progress } from '../output/progress.ts';
import { stackOf } from '../stack.ts';

export const restart: Command = {
  name: 'restart',
  summary: 'restart one service, or all of them, without ending the stack',
  description:
    'A service starts with what .env says now, on the ports that the stack came up with. Ports, and what peakstone.config.ts says, change with down and up.',
  arguments: [
    {
      name: 'SERVICE',
      summary: 'postgres, rest, gateway … (all when left out)',
      likely: usualServices,
      required: false,
    },
  ],
  options: stackOptions,
  examples: [
    {
      command: 'peakstone restart rest',
      does: 'Restart the REST API; requests through the gateway wait for it',
    },
    { command: 'peakstone restart', does: 'Restart everything, the database included' },
  ],
  run: async ({ options, arguments: [service] }, context) => {
    const { restartStack, serviceTitles } = await import('@peakstone/stack');
    const progress = new Progress(context, serviceTitles);
    try {
      await restartStack(await stackOf({ options }, context), service, progress.onEvent);
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};
