import { type Client, connectClient, PgError, quoteLiteral } from '@peakstone/kernel/pg';
import type { DatabaseRole } from '@peakstone/stack';
import type { Context, Invocation } from '../grammar/command.ts';
import { CliError, UsageError } from '../grammar/errors.ts';

/** Which database is spoken to, and as whom. */
export interface Target {
  /** The present one; `\connect` changes it. */
  database: string;
  /** Who acts, for the prompt. */
  readonly role: string;
  readonly superuser: boolean;
  /** A new connection, with role and claims taken on. @throws {CliError} when there is no such role. */
  connect(database: string, onNotify: (channel: string) => void): Promise<Client>;
}

/** Accounts that log in as themselves. */
const accounts: readonly DatabaseRole[] = ['db_migrator', 'db_authenticator', 'hasura'];

const isAccount = (role: string): role is DatabaseRole => accounts.includes(role as DatabaseRole);

/**
 * An account logs in as itself, so that nothing that runs can become more than that. Every other role is taken on as a
 * request takes it, by the APIs' login; by the administrator only where that may not.
 * @throws {UsageError} for options that exclude each other. @throws {StackError} `notRunning`
 */
export async function chooseTarget({ options }: Invocation, context: Context): Promise<Target> {
  const claims = claimsOf(options.claims);
  if (options.superuser && options.role !== undefined)
    throw new UsageError('--role and --superuser exclude each other.');
  const { databaseUrl, superuserUrl } = await import('@peakstone/stack');
  const { stackOf } = await import('../stack.ts');
  const paths = await stackOf({ options }, context);
  const administrator = await superuserUrl(paths, context.env);
  const role = typeof options.role === 'string' ? options.role : 'db_migrator';
  const own = options.superuser || !isAccount(role) ? null : await databaseUrl(paths, context.env, role);
  const target = {
    database: decodeURIComponent(new URL(administrator).pathname.slice(1)),
    role: options.superuser ? decodeURIComponent(new URL(administrator).username) : role,
    superuser: options.superuser === true,
  };
  return {
    ...target,
    connect: async (database, onNotify) => {
      const open = (url: string, taken: string | null): Promise<Client> =>
        openAs(withDatabase(url, database), taken, claims, onNotify);
      if (target.superuser) return await open(administrator, null);
      if (own !== null) return await open(own, null);
      try {
        return await open(await databaseUrl(paths, context.env, 'db_authenticator'), role);
      } catch (error) {
        // A role that no request may have: it is the administrator's to look as.
        if (!(error instanceof PgError) || error.code !== '42501') throw error;
        return await open(administrator, role);
      }
    },
  };
}

async function openAs(
  url: string,
  role: string | null,
  claims: string | null,
  onNotify: (channel: string) => void,
): Promise<Client> {
  const client = await connectClient({ url, parameters: { application_name: 'peakstone sql' }, onNotify });
  try {
    // Bounds that the APIs' login has for requests are none for a person, who has Ctrl-C.
    await client.script(setting('statement_timeout', '0'));
    // A client that was killed cancels nothing: the server looks by itself, where it can.
    await client.script(
      `${setting('client_connection_check_interval', '2s')} where pg_catalog.version() like '%linux%'`,
    );
    if (claims !== null) await client.script(setting('request.jwt.claims', claims));
    if (role !== null) await takeRole(client, role);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

function withDatabase(address: string, database: string): string {
  const url = new URL(address);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

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
