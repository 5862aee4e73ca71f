import { type Client, PgError, quoteLiteral } from '@peakstone/kernel/pg';
import type { DatabaseRole } from '@peakstone/stack';
import type { Context, Invocation } from '../grammar/command.ts';
import { CliError, UsageError } from '../grammar/errors.ts';

/** Which database is spoken to, and as whom. */
export interface Target {
  /** The present one; `\connect` changes it. */
  database: string;
  /** The address, with the database replaced unless null. */
  url(database: string | null): string;
  /** Takes on role and claims on a new connection. @throws {CliError} when there is no such role. */
  prepare(client: Client): Promise<void>;
  /** Who acts, for the prompt. */
  readonly role: string;
  readonly superuser: boolean;
}

/**
 * By the login that may do least: a role that was only taken on can be taken off by any function that runs, and then the
 * login's own rights are there. Roles of the user's own are taken on by the administrator.
 * @throws {UsageError} for options that exclude each other. @throws {StackError} `notRunning`
 */
export async function chooseTarget({ options }: Invocation, context: Context): Promise<Target> {
  const claims = claimsOf(options.claims);
  const { role } = options;
  if (options.superuser && role !== undefined)
    throw new UsageError('--role and --superuser exclude each other.');
  const { databaseUrl, superuserUrl } = await import('@peakstone/stack');
  const { stackOf } = await import('../stack.ts');
  const paths = await stackOf({ options }, context);
  const wanted = options.superuser === true ? null : typeof role === 'string' ? role : 'db_migrator';
  const login = wanted === null ? undefined : logins[wanted];
  const base = new URL(
    login === undefined
      ? await superuserUrl(paths, context.env)
      : await databaseUrl(paths, context.env, login),
  );
  const taken = wanted === login ? null : wanted;
  return {
    database: decodeURIComponent(base.pathname.slice(1)),
    role: taken ?? decodeURIComponent(base.username),
    superuser: options.superuser === true,
    url: database => {
      const url = new URL(base);
      if (database !== null) url.pathname = `/${encodeURIComponent(database)}`;
      return url.href;
    },
    prepare: async client => {
      if (claims !== null) await client.script(setting('request.jwt.claims', claims));
      if (taken !== null) await takeRole(client, taken);
    },
  };
}

/** Who logs in to act as a role. */
const logins: Readonly<Record<string, DatabaseRole>> = {
  db_migrator: 'db_migrator',
  hasura: 'hasura',
  db_authenticator: 'db_authenticator',
  web_anon: 'db_authenticator',
  app_user: 'db_authenticator',
  anon: 'db_authenticator',
  authenticated: 'db_authenticator',
  service_role: 'db_authenticator',
};

function setting(name: string, value: string): string {
  return `select pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`;
}

async function takeRole(client: Client, role: string): Promise<void> {
  try {
    await client.script(setting('role', role));
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== '22023') throw error;
    throw new CliError(`There is no role '${role}'.`, { hint: `See them: peakstone sql '\\du'` });
  }
}

function claimsOf(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return JSON.stringify(claims);
  } catch {
    // Said below, in the same words as for other JSON than an object.
  }
  throw new UsageError(
    `--claims needs a JSON object, not '${text}'.`,
    `For example: --claims '{"sub":"42"}'`,
  );
}
