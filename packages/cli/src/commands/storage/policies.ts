import type { Command, OptionValues } from '../../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { readDocument, serverOptions, withServer, wordOf } from '../../storage/admin.ts';

const policy = { name: 'POLICY', summary: 'the policy’s name' } as const;

const list: Command = {
  name: 'list',
  summary: 'list policies',
  options: serverOptions,
  examples: [{ command: 'peakstone storage policies list', does: 'Yours, and those that every server has' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { listPolicies } = await import('@peakstone/stack/objects');
      const all = await listPolicies(connection);
      if (invocation.options.json) context.stdout.write(`${toJson(all)}\n`);
      else for (const name of Object.keys(all).sort()) context.stdout.write(`${printableLine(name)}\n`);
      return exitCodes.ok;
    }),
};

const show: Command = {
  name: 'show',
  summary: 'print a policy',
  arguments: [policy],
  options: serverOptions,
  examples: [
    { command: 'peakstone storage policies show readonly > mine.json', does: 'To begin one’s own from' },
  ],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { listPolicies } = await import('@peakstone/stack/objects');
      const name = wordOf(invocation);
      const all = await listPolicies(connection);
      if (!Object.hasOwn(all, name))
        throw new CliError(`There is no policy ${name}.`, {
          hint: 'See which there are: peakstone storage policies list',
        });
      context.stdout.write(`${toJson(all[name], invocation.options.json ? undefined : 2)}\n`);
      return exitCodes.ok;
    }),
};

const create: Command = {
  name: 'create',
  summary: 'make a policy, or replace it',
  description: 'Whoever has it may what it says from the next request on.',
  arguments: [policy, { name: 'FILE', summary: 'its JSON document; - is standard input' }],
  options: serverOptions,
  examples: [{ command: 'peakstone storage policies create photos photos.json', does: 'From a file' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { putPolicy } = await import('@peakstone/stack/objects');
      const name = wordOf(invocation);
      await putPolicy(connection, name, await readDocument(wordOf(invocation, 1), context));
      if (invocation.options.json) context.stdout.write(`${toJson({ policy: name, done: 'made' })}\n`);
      else context.stderr.write(`${printableLine(name)} is made.\n`);
      return exitCodes.ok;
    }),
};

const remove: Command = {
  name: 'remove',
  summary: 'remove a policy that nobody has',
  arguments: [policy],
  options: serverOptions,
  examples: [{ command: 'peakstone storage policies remove photos', does: 'One policy' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { removePolicy } = await import('@peakstone/stack/objects');
      const name = wordOf(invocation);
      await removePolicy(connection, name);
      if (invocation.options.json) context.stdout.write(`${toJson({ policy: name, done: 'removed' })}\n`);
      else context.stderr.write(`${printableLine(name)} is removed.\n`);
      return exitCodes.ok;
    }),
};

const change = (name: 'attach' | 'detach', summary: string): Command => ({
  name,
  summary,
  arguments: [{ ...policy, many: true }],
  options: {
    user: { kind: 'text', value: 'USER', summary: 'Whose' },
    group: { kind: 'text', value: 'GROUP', summary: 'Or of which group' },
    ...serverOptions,
  },
  examples: [{ command: `peakstone storage policies ${name} photos --user alice`, does: 'One user’s' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { changePolicy } = await import('@peakstone/stack/objects');
      const entity = entityOf(invocation.options);
      const changed = await changePolicy(connection, entity, invocation.arguments, name);
      if (invocation.options.json)
        context.stdout.write(`${toJson({ ...entity, policies: invocation.arguments, changed })}\n`);
      else
        context.stderr.write(
          changed ? `${name === 'attach' ? 'Attached' : 'Detached'}.\n` : 'It was so already.\n',
        );
      return exitCodes.ok;
    }),
});

/** @throws {UsageError} */
function entityOf({ user, group }: OptionValues): { user: string } | { group: string } {
  if (typeof user === 'string' && group === undefined) return { user };
  if (typeof group === 'string' && user === undefined) return { group };
  throw new UsageError('Name a user or a group: --user NAME, or --group NAME.');
}

export const policies: Command = {
  name: 'policies',
  summary: 'make policies, and say who has which',
  commands: [
    list,
    show,
    create,
    remove,
    change('attach', 'give policies to a user or a group'),
    change('detach', 'take policies from a user or a group'),
  ],
  examples: [{ command: 'peakstone storage policies attach readonly --user alice', does: 'Let alice read' }],
};
