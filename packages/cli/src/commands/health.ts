import { type Command, type Context, type Invocation, stackOptions } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';

export const health: Command = {
  name: 'health',
  summary: 'ask the stack of this folder, or the service in this container, whether it is well',
  description:
    'For health checks: asks PEAKSTONE_HEALTH_URL, or the gateway of the stack that runs in this folder, on the port it has, when it is not set.',
  examples: [
    { command: 'peakstone health', does: 'The stack of this folder; exit code 3 when none runs' },
    {
      command: 'PEAKSTONE_HEALTH_URL=http://127.0.0.1:3001/ready peakstone health',
      does: 'Exit code 0 when it is well, 4 when it is not',
    },
  ],
  options: stackOptions,
  run: async (invocation, context) => {
    const { checkHealthUrl } = await import('@peakstone/stack/health');
    const url = context.env.PEAKSTONE_HEALTH_URL || (await stackHealth(invocation, context));
    if (!URL.canParse(url)) throw new UsageError(`PEAKSTONE_HEALTH_URL is no URL: ${url}`);
    const reason = await checkHealthUrl(url);
    if (reason !== undefined) throw new CliError(reason, { exitCode: exitCodes.unhealthy });
    return exitCodes.ok;
  },
};

/** GATEWAY_PORT is a container's own; here it may be another one than the stack found free. */
async function stackHealth(invocation: Invocation, context: Context): Promise<string> {
  const { healthUrl } = await import('@peakstone/stack');
  const { stackOf } = await import('../stack.ts');
  return await healthUrl(await stackOf(invocation, context));
}
