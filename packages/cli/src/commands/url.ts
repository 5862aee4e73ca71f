import { ACCOUNTS } from '@peakstone/kernel/inventory';
import { type Command, jsonOption, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { toJson } from '../output/json.ts';
import { stackOf } from '../stack.ts';

const logins = ACCOUNTS.filter(({ connects }) => connects).map(({ name }) => name);
const accounts = [...logins, 'superuser'] as const;

export const url: Command = {
  name: 'url',
  summary: 'print a connection string of the database, password included',
  description:
    'For psql, migration tools and programs. db_migrator owns the schemas: what it creates is granted to the APIs’ roles. The administrator (superuser) is for what only it may do. The password is printed here and nowhere else.',
  arguments: [
    {
      name: 'ROLE',
      summary: `${accounts.join(', ')} (db_migrator when left out)`,
      required: false,
      choices: accounts,
    },
  ],
  options: { ...stackOptions, ...jsonOption },
  examples: [
    { command: 'psql "$(peakstone url)"', does: 'psql as the owner of the schemas' },
    { command: 'DATABASE_URL=$(peakstone url) npm run migrate', does: 'A migration tool' },
    { command: 'peakstone url superuser', does: 'The administrator’s' },
  ],
  run: async (invocation, context) => {
    const role = (invocation.arguments[0] ?? 'db_migrator') as (typeof accounts)[number];
    const { databaseUrl, superuserUrl } = await import('@peakstone/stack');
    const paths = await stackOf(invocation, context);
    const address =
      role === 'superuser'
        ? await superuserUrl(paths, context.env)
        : await databaseUrl(paths, context.env, role);
    context.stdout.write(`${invocation.options.json ? toJson({ role, url: address }) : address}\n`);
    return exitCodes.ok;
  },
};
