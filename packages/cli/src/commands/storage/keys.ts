import type { Command } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { readDocument, serverOptions, tableText, withServer, wordOf } from '../../storage/admin.ts';

const ofUser = { kind: 'text', value: 'USER', summary: 'Of this user (default: the administrator)' } as const;

const list: Command = {
  name: 'list',
  summary: 'list the further keys of a user',
  options: { user: ofUser, ...serverOptions },
  examples: [{ command: 'peakstone storage keys list --user alice', does: 'One user’s' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { listKeys } = await import('@peakstone/stack/objects');
      const { user, json } = invocation.options;
      const keys = await listKeys(connection, typeof user === 'string' ? user : undefined);
      if (json) context.stdout.write(`${toJson(keys)}\n`);
      else
        context.stdout.write(
          tableText(
            ['KEY', 'USER', 'STATUS', 'MAY', 'EXPIRES', 'NAME'],
            keys.map(({ accessKey, parentUser, enabled, narrowed, expires, name }) => [
              accessKey,
              parentUser,
              enabled ? 'enabled' : 'disabled',
              narrowed ? 'less than its user' : 'what its user may',
              expires ?? 'never',
              name ?? '',
            ]),
          ),
        );
      return exitCodes.ok;
    }),
};

const create: Command = {
  name: 'create',
  summary: 'make a key for a program, with a user’s rights or fewer',
  description: 'Key and secret are printed this once.',
  options: {
    user: ofUser,
    policy: {
      kind: 'text',
      value: 'FILE',
      summary: 'A JSON document that it is narrowed to; - is standard input',
    },
    name: { kind: 'text', value: 'NAME', summary: 'What it is for' },
    expires: { kind: 'text', value: 'TIME', summary: 'When it ends: 2027-01-31, or with a time' },
    ...serverOptions,
  },
  examples: [
    {
      command: 'peakstone storage keys create --user alice --name ci --policy ci.json',
      does: 'For one program',
    },
  ],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { addKey } = await import('@peakstone/stack/objects');
      const { user, policy, name, expires, json } = invocation.options;
      const keys = await addKey(connection, {
        user: typeof user === 'string' ? user : undefined,
        policy: typeof policy === 'string' ? await readDocument(policy, context) : undefined,
        name: typeof name === 'string' ? name : undefined,
        expires: typeof expires === 'string' ? momentOf(expires) : undefined,
      });
      context.stdout.write(
        json
          ? `${toJson(keys)}\n`
          : `AWS_ACCESS_KEY_ID=${keys.accessKey}\nAWS_SECRET_ACCESS_KEY=${keys.secretKey}\n`,
      );
      return exitCodes.ok;
    }),
};

/** @throws {UsageError} */
function momentOf(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || ms <= Date.now())
    throw new UsageError(`--expires takes a time to come, not '${text}'.`);
  return new Date(ms).toISOString();
}

const remove: Command = {
  name: 'remove',
  summary: 'remove a key',
  arguments: [{ name: 'KEY', summary: 'the access key' }],
  options: serverOptions,
  examples: [{ command: 'peakstone storage keys remove 4F2A…', does: 'It opens nothing any more' }],
  run: (invocation, context) =>
    withServer(invocation, context, async connection => {
      const { removeKey } = await import('@peakstone/stack/objects');
      const key = wordOf(invocation);
      await removeKey(connection, key);
      if (invocation.options.json) context.stdout.write(`${toJson({ key, done: 'removed' })}\n`);
      else context.stderr.write(`${printableLine(key)} is removed.\n`);
      return exitCodes.ok;
    }),
};

export const keys: Command = {
  name: 'keys',
  summary: 'further keys of users, for programs',
  commands: [list, create, remove],
  examples: [{ command: 'peakstone storage keys create --user alice', does: 'A key with what alice may' }],
};
