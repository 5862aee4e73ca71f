import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { readSecretLine, serverOptions, tableText, withServer, wordOf } from '../../storage/admin.ts';

const user = { name: 'USER', summary: 'the user’s name, which is its access key' } as const;

const list: Command = {
  name: 'list',
  summary: 'list users, their policies and groups',
  options: serverOptions,
  examples: [{ command: 'peakstone storage users list', does: 'The stack’s' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { listUsers } = await import('@peakstone/stack/objects');
      const users = await listUsers(connection);
      if (invocation.options.json) context.stdout.write(`${toJson(users)}\n`);
      else
        context.stdout.write(
          tableText(
            ['USER', 'STATUS', 'POLICIES', 'GROUPS'],
            users.map(({ name, enabled, policies, groups }) => [
              name,
              enabled ? 'enabled' : 'disabled',
              policies.join(', '),
              groups.join(', '),
            ]),
          ),
        );
      return exitCodes.ok;
    }),
};

const add: Command = {
  name: 'add',
  summary: 'make a user, or give it another secret',
  description:
    'The secret is made up and printed once, or read from standard input with --secret-stdin; never from the command line, which others can see. A user may nothing until a policy is attached.',
  arguments: [user],
  options: {
    'secret-stdin': { kind: 'flag', summary: 'Read the secret from standard input' },
    policy: { kind: 'list', value: 'NAME', summary: 'Attach this policy. May be repeated' },
    ...serverOptions,
  },
  examples: [
    {
      command: 'peakstone storage users add alice --policy readwrite',
      does: 'With a secret that is printed',
    },
    { command: 'pass show s3/alice | peakstone storage users add alice --secret-stdin', does: 'With yours' },
  ],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { addUser, changePolicy } = await import('@peakstone/stack/objects');
      const { randomBytes } = await import('node:crypto');
      const { options } = invocation;
      const name = wordOf(invocation);
      const given = options['secret-stdin'] ? await readSecretLine(context) : undefined;
      const secretKey = given ?? randomBytes(24).toString('base64url');
      await addUser(connection, name, secretKey);
      const policies = (options.policy as readonly string[] | undefined) ?? [];
      if (policies.length > 0) await changePolicy(connection, { user: name }, policies, 'attach');
      const told = { accessKey: name, ...(given === undefined && { secretKey }), policies };
      if (options.json) context.stdout.write(`${toJson(told)}\n`);
      else if (given === undefined) context.stdout.write(`${secretKey}\n`);
      context.stderr.write(
        `${printableLine(name)} is made${given === undefined ? '; its secret is shown this once' : ''}.\n`,
      );
      return exitCodes.ok;
    }),
};

const change = (
  name: 'remove' | 'enable' | 'disable',
  summary: string,
  done: string,
  work: (
    client: typeof import('@peakstone/stack/objects'),
  ) => (connection: Parameters<Parameters<typeof withServer>[2]>[0], user: string) => Promise<void>,
): Command => ({
  name,
  summary,
  arguments: [user],
  options: serverOptions,
  examples: [{ command: `peakstone storage users ${name} alice`, does: 'One user' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const wanted = wordOf(invocation);
      await work(await import('@peakstone/stack/objects'))(connection, wanted);
      if (invocation.options.json) context.stdout.write(`${toJson({ user: wanted, done })}\n`);
      else context.stderr.write(`${printableLine(wanted)} is ${done}.\n`);
      return exitCodes.ok;
    }),
});

export const users: Command = {
  name: 'users',
  summary: 'make, list, switch off and remove users',
  commands: [
    list,
    add,
    change('remove', 'remove a user, with its keys', 'removed', client => client.removeUser),
    change(
      'enable',
      'let a user in again',
      'enabled',
      client => (connection, name) => client.setUserStatus(connection, name, true),
    ),
    change(
      'disable',
      'keep a user out, with its keys',
      'disabled',
      client => (connection, name) => client.setUserStatus(connection, name, false),
    ),
  ],
  examples: [{ command: 'peakstone storage users list', does: 'The stack’s users' }],
};
