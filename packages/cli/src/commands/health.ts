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
    const reason = await illness(invocation, context);
    if (reason !== undefined) throw new CliError(reason, { exitCode: exitCodes.unhealthy });
    return exitCodes.ok;
  },
};

async function illness(invocation: Invocation, context: Context): Promise<string | undefined> {
  const { checkHealthUrl } = await import('@peakstone/stack/health');
  const given = context.env.PEAKSTONE_HEALTH_URL;
  if (given) {
    if (!URL.canParse(given)) throw new UsageError(`PEAKSTONE_HEALTH_URL is no URL: ${given}`);
    return await checkHealthUrl(given);
  }
  const { healthUrl, stackStatus } = await import('@peakstone/stack');
  const { stackOf } = await import('../stack.ts');
  const stack = await stackOf(invocation, context);
  // GATEWAY_PORT is a container's own; here it may be another one than the stack found free.
  const url = await healthUrl(stack);
  if (url !== null) return await checkHealthUrl(url);
  const ill = (await stackStatus(stack)).services.find(({ state }) => state !== 'healthy');
  return ill && `${ill.name} is ${ill.state}${ill.reason ? `: ${ill.reason}` : ''}`;
}
