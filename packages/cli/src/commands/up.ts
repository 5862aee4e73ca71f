import type { StackSummary } from '@peakstone/stack';
import {
  type Command,
  type Context,
  type Invocation,
  jsonOption,
  type Option,
  stackOptions,
} from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';
import { Progress } from '../output/progress.ts';
import { styleFor } from '../output/style.ts';
import { renderSummary } from '../output/summary.ts';
import { stackSettings } from '../up/settings.ts';
import { stopOnBug, stopOnSignals } from '../up/signals.ts';

/** What decides how a stack starts; `up` and the background process that it starts share them. */
export const startOptions = {
  example: { kind: 'text', value: 'NAME', summary: 'Load examples/NAME into the database, once' },
  'no-migrate': { kind: 'flag', summary: 'Leave what is new in the folder of migrations for later' },
  host: {
    kind: 'text',
    value: 'ADDRESS',
    summary: 'Address the gateway listens on (default 127.0.0.1; 0.0.0.0 for every network)',
  },
  'port-base': {
    kind: 'integer',
    value: 'PORT',
    range: [1, 65_000],
    summary:
      'Ports from here on: the gateway gets PORT, the others the next ones. Without it, each service takes its usual port, or the next free one',
  },
  ...stackOptions,
} as const satisfies Record<string, Option>;

export const up: Command = {
  name: 'up',
  summary: 'start everything: database, REST, GraphQL, S3, images, gateway',
  description:
    'The first start makes a database in .peakstone and secrets in .env; later ones keep both. What is new in migrations/ (atlas/migrations, supabase/migrations) is applied and shown, where the database is the stack’s own. peakstone.config.ts says which services there are (services: { graphql: false } goes without one). In the foreground, Ctrl-C drains and stops everything. A folder has one stack; other folders have their own beside it.',
  options: {
    detach: { kind: 'flag', short: 'd', summary: 'Return when everything is healthy, and leave it running' },
    ...startOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone up', does: 'Start, show addresses and keys, run until Ctrl-C' },
    {
      command: 'peakstone up --detach --port-base 9000',
      does: 'A second stack in the background, on ports 9000 and up',
    },
    { command: 'peakstone up --example lighthouses', does: 'With an example application and its data' },
  ],
  run: async (invocation, context) => {
    const { options } = invocation;
    const detach = options.detach === true;
    const show = async (summary: StackSummary): Promise<void> => {
      if (options.json) context.stdout.write(`${toJson(summary)}\n`);
      else {
        const { signInLink } = await import('@peakstone/stack');
        const style = styleFor(context.stdout, context.env);
        const terminal = context.stdout.isTTY === true;
        const link = terminal ? signInLink(summary) : null;
        const text = renderSummary(summary, { style, detached: detach, terminal, link });
        context.stdout.write(context.told(text));
      }
    };
    return detach
      ? await upDetached(invocation, context, show)
      : await upForeground(invocation, context, show);
  },
};

async function upForeground(
  invocation: Invocation,
  context: Context,
  show: (summary: StackSummary) => Promise<void>,
): Promise<number> {
  const { startStack, serviceTitles } = await import('@peakstone/stack');
  const progress = new Progress(context, serviceTitles);
  const signals = stopOnSignals(text => progress.note(text));
  try {
    const stack = await startStack({
      ...stackSettings(invocation, context),
      onEvent: progress.onEvent,
      signal: signals.signal,
    });
    stopOnBug(stack.stop, text => context.stderr.write(text));
    await show(stack.summary);
    await Promise.race([signals.stopped, stack.stopRequested]);
    await stack.stop();
    progress.close();
    context.stderr.write('PeakStone is stopped.\n');
    return exitCodes.ok;
  } finally {
    progress.close();
    signals.release();
  }
}

async function upDetached(
  invocation: Invocation,
  context: Context,
  show: (summary: StackSummary) => Promise<void>,
): Promise<number> {
  const { serviceTitles } = await import('@peakstone/stack');
  const { startDetached } = await import('../up/detach.ts');
  const progress = new Progress(context, serviceTitles);
  const signals = stopOnSignals(text => progress.note(text));
  try {
    await show(await startDetached(stackSettings(invocation, context), progress.onEvent, signals.signal));
    return exitCodes.ok;
  } finally {
    progress.close();
    signals.release();
  }
}
