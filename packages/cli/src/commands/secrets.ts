import { suggest } from '@peakstone/kernel/config';
import { type Command, type Context, type Invocation, jsonOption, stackOptions } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { columns } from '../output/columns.ts';
import { toJson } from '../output/json.ts';
import { terminalWidth } from '../output/style.ts';
import { stackOf } from '../stack.ts';

const rotate: Command = {
  name: 'rotate',
  summary: 'replace secrets by new ones, in .env and in the database',
  description:
    'Without names, all of them. Passwords of database roles change in the running database too, so the stack must be up for those; services that hold one restart to take the new one over; requests through the gateway wait for them. A new JWT_SECRET makes every key and token given out so far invalid.',
  arguments: [
    {
      name: 'NAME',
      summary: 'variables of .env, such as JWT_SECRET (all when left out)',
      required: false,
      many: true,
    },
  ],
  options: { ...stackOptions, ...jsonOption },
  examples: [
    { command: 'peakstone secrets rotate JWT_SECRET', does: 'After a key leaked' },
    { command: 'peakstone secrets rotate', does: 'Everything' },
  ],
  run: async ({ options, arguments: names }, context) => {
    const { rotateStackSecrets } = await import('@peakstone/stack');
    const paths = await stackOf({ options }, context);
    await assertKnown(names);
    const report = await rotateStackSecrets(paths, context.env, names, text => {
      context.stderr.write(`${text}\n`);
    });
    if (options.json) context.stdout.write(`${toJson(report)}\n`);
    else {
      context.stdout.write(report.rotated.map(name => `${name}\n`).join(''));
      context.stderr.write(
        `Rotated ${report.rotated.length} in ${paths.env}.${report.restarted.length > 0 ? ` Restarted: ${report.restarted.join(', ')}.` : ''}\n`,
      );
      if (report.rotated.includes('JWT_SECRET'))
        context.stderr.write('Keys given out before are invalid; new ones: peakstone secrets jwt anon\n');
    }
    for (const { service, reason } of report.failed)
      context.stderr.write(
        `${service} did not take them over: ${reason} It does when it starts: peakstone restart ${service}\n`,
      );
    return report.failed.length > 0 ? exitCodes.failure : exitCodes.ok;
  },
};

const jwt: Command = {
  name: 'jwt',
  summary: 'print a signed token: the anon key, the service key, or one for any role',
  arguments: [{ name: 'KEY', summary: 'anon or service', required: false, choices: ['anon', 'service'] }],
  options: {
    role: {
      kind: 'text',
      value: 'ROLE',
      summary: 'Database role that the request takes on: app_user, web_anon …',
    },
    sub: { kind: 'text', value: 'ID', summary: 'Subject: what auth.uid() returns, when it is a UUID' },
    claim: {
      kind: 'list',
      value: 'NAME=VALUE',
      summary: 'A further claim; VALUE is JSON, or else text. May be repeated',
    },
    expires: {
      kind: 'text',
      value: 'AFTER',
      summary: 'Lifetime: 15m, 8h, 30d, or never (default 1h; keys: never)',
    },
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone secrets jwt anon', does: 'The key for browsers' },
    {
      command:
        'peakstone secrets jwt --role app_user --sub 00000000-0000-4000-8000-000000000001 --expires 8h',
      does: 'A token as your login would give that user',
    },
    {
      command:
        'curl -H "Authorization: Bearer $(peakstone secrets jwt service)" http://127.0.0.1:8000/rest/v1/',
      does: 'A request with it',
    },
  ],
  run: async (invocation, context) => {
    const {
      options,
      arguments: [key],
    } = invocation;
    const { requestRoles, signStackToken, stackKeys } = await import('@peakstone/stack');
    const paths = await stackOf(invocation, context);
    if (key !== undefined) {
      const custom = ['role', 'sub', 'claim', 'expires'].find(name => options[name] !== undefined);
      if (custom)
        throw new UsageError(
          `The ${key} key has no --${custom}.`,
          `For a token of your own leave '${key}' out and give --role.`,
        );
      const keys = await stackKeys(paths, context.env);
      context.stdout.write(`${key === 'anon' ? keys.anon : keys.service}\n`);
      return exitCodes.ok;
    }
    if (typeof options.role !== 'string')
      throw new UsageError(
        'Say which token: anon, service, or --role ROLE.',
        `See 'peakstone secrets jwt --help'.`,
      );
    // Such a token would not be refused: it would make its bearer an anonymous visitor.
    if (options.role.trim() === '')
      throw new UsageError('--role cannot be empty.', 'Name a role of the database: app_user, web_anon …');
    const now = Math.floor(Date.now() / 1000);
    const lifetime = parseLifetime(typeof options.expires === 'string' ? options.expires : '1h');
    const claims = {
      ...customClaims(invocation),
      role: options.role,
      ...(typeof options.sub === 'string' ? { sub: options.sub } : {}),
      iat: now,
      ...(lifetime === null ? {} : { exp: now + lifetime }),
    };
    context.stdout.write(`${await signStackToken(paths, context.env, claims)}\n`);
    warnOfRole(options.role, await requestRoles(paths, context.env), context);
    return exitCodes.ok;
  },
};

/** The token is as good as asked for: the role may be made, or granted, before it is used. */
function warnOfRole(role: string, known: readonly string[], { stderr }: Context): void {
  if (known.includes(role)) return;
  const near = suggest(role, known);
  const next =
    near === undefined ? `Those that they may take: ${known.join(', ')}.` : `Did you mean '${near}'?`;
  stderr.write(
    `The APIs may take no role '${role}', so that they refuse requests with this token. ${next}\n`,
  );
}

export const secrets: Command = {
  name: 'secrets',
  summary: 'list, print or rotate the secrets of .env, and sign tokens',
  description:
    'Without arguments the names are listed, not the values, so that nothing shows by accident; with --json as well.',
  arguments: [{ name: 'NAME', summary: 'print the values of these variables', required: false, many: true }],
  options: {
    show: { kind: 'flag', summary: 'Print all values, as lines of .env' },
    ...stackOptions,
    ...jsonOption,
  },
  commands: [rotate, jwt],
  examples: [
    { command: 'peakstone secrets', does: 'Which there are' },
    { command: 'peakstone secrets DB_MIGRATOR_PASSWORD', does: 'Print one' },
    { command: 'peakstone secrets --json POSTGRES_SUPERPASS JWT_SECRET', does: 'Print two, for a program' },
    { command: 'peakstone secrets --json --show', does: 'All of them, for a program' },
    { command: 'peakstone secrets jwt anon', does: 'The key for browsers' },
  ],
  run: async (invocation, context) => {
    const { options, arguments: names } = invocation;
    await assertKnown(names);
    const { stackSecrets } = await import('@peakstone/stack');
    const values = await stackSecrets(await stackOf(invocation, context), context.env);
    if (names.length === 0 && !options.show) return await list(values, options.json === true, context);
    const wanted = names.length > 0 ? names : [...values.keys()];
    const missing = wanted.find(name => !values.has(name));
    if (missing !== undefined)
      throw new CliError(`${missing} is not set.`, { hint: `'peakstone up' makes what is missing.` });
    if (options.json)
      context.stdout.write(`${toJson(Object.fromEntries(wanted.map(name => [name, values.get(name)])))}\n`);
    // One name, one bare value: it goes into a variable or a pipe.
    else if (names.length === 1) context.stdout.write(`${values.get(names[0]!)}\n`);
    else context.stdout.write(wanted.map(name => `${name}=${values.get(name)}\n`).join(''));
    return exitCodes.ok;
  },
};

async function list(
  values: ReadonlyMap<string, string>,
  json: boolean,
  { stdout, stderr }: Context,
): Promise<number> {
  const { secretVariables } = await import('@peakstone/stack');
  if (json) {
    const listed = secretVariables.map(({ name, group }) => ({ name, group, set: values.has(name) }));
    stdout.write(`${toJson(listed)}\n`);
    return exitCodes.ok;
  }
  const rows = secretVariables.map(
    ({ name, group }) => [name, values.has(name) ? group : `${group} (not set)`] as const,
  );
  stdout.write(`${columns(rows, terminalWidth(stdout)).join('\n')}\n`);
  const next =
    values.size === 0
      ? `None is set yet: 'peakstone up' makes them.`
      : 'Values: peakstone secrets NAME, or --show for all.';
  stderr.write(`${next}\n`);
  return exitCodes.ok;
}

/** @throws {UsageError} for a name that is no secret of the stack. */
async function assertKnown(names: readonly string[]): Promise<void> {
  const { secretVariables } = await import('@peakstone/stack');
  const known = secretVariables.map(variable => variable.name);
  const unknown = names.find(name => !known.includes(name));
  if (unknown === undefined) return;
  const near = suggest(unknown.toUpperCase(), [...known, 'ROTATE', 'JWT']);
  const command = near === 'ROTATE' || near === 'JWT';
  throw new UsageError(
    `There is no secret '${unknown}'.`,
    near ? `Did you mean '${command ? near.toLowerCase() : near}'?` : `See them: peakstone secrets`,
  );
}

/** Claims that have an option of their own, which would win without a word. */
const optionOfClaim: Readonly<Record<string, string>> = { role: 'role', sub: 'sub' };

function customClaims({ options }: Invocation): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  for (const text of (options.claim as readonly string[] | undefined) ?? []) {
    const equals = text.indexOf('=');
    if (equals < 1) throw new UsageError(`--claim needs NAME=VALUE, not '${text}'.`);
    const option = optionOfClaim[text.slice(0, equals)];
    if (option && (option === 'role' || options[option] !== undefined))
      throw new UsageError(
        `--claim ${text} and --${option} exclude each other.`,
        `Give it with --${option}.`,
      );
    const value = text.slice(equals + 1);
    try {
      claims[text.slice(0, equals)] = JSON.parse(value);
    } catch {
      // What is no JSON is meant as text: --claim team=red.
      claims[text.slice(0, equals)] = value;
    }
  }
  return claims;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds, or null for never. @throws {UsageError} */
export function parseLifetime(text: string): number | null {
  if (text === 'never') return null;
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (!match || Number(match[1]) === 0)
    throw new UsageError(`--expires cannot be '${text}'.`, 'Say 90s, 15m, 8h, 30d or never.');
  return Number(match[1]) * unitSeconds[match[2]!]!;
}
