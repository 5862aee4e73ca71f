import { type Command, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';
import { stackOf } from '../stack.ts';

export const consoleCommand: Command = {
  name: 'console',
  summary: 'print a link that signs you in to the web console',
  description:
    'The link works once, for a quarter of an hour, and signs in as the stack’s first operator. Others sign in with the names and passwords that are given them there.',
  options: { ...stackOptions, ...jsonOption },
  examples: [
    { command: 'peakstone console', does: 'A link to open in a browser' },
    { command: 'xdg-open "$(peakstone console)"', does: 'Open it' },
  ],
  run: async (invocation, context) => {
    const { consoleLink } = await import('@peakstone/stack');
    const url = await consoleLink(await stackOf(invocation, context));
    context.stdout.write(`${invocation.options.json ? toJson({ url }) : url}\n`);
    return exitCodes.ok;
  },
};
