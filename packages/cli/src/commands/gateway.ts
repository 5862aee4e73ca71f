import type { Command } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { stopOnSignals } from '../up/signals.ts';

export const gateway: Command = {
  name: 'gateway',
  summary: 'run the gateway alone, in front of services that run elsewhere',
  description:
    'Reads GATEWAY_*, DOMAIN_* and the services’ addresses: PEAKSTONE_UPSTREAM_REST, _GRAPHQL, _STORAGE, _IMAGES.',
  examples: [
    {
      command: 'PEAKSTONE_UPSTREAM_REST=http://rest:3000 peakstone gateway',
      does: 'Before a REST API in another container',
    },
  ],
  run: async (_invocation, context) => {
    const { runGateway } = await import('@peakstone/stack/container');
    const signals = stopOnSignals(() => undefined);
    try {
      const running = await runGateway(context.env, signals.signal);
      await signals.stopped;
      await running.stop();
      return exitCodes.ok;
    } finally {
      signals.release();
    }
  },
};
