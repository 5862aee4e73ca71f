import { ACCOUNTS, type LoginRole } from '@peakstone/kernel/inventory';
import { type Client, connectClient, PgError, quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
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
  connect(database: string, onNotify: (channel: string, payload: string) => void): Promise<Client>;
}

/** Accounts that log in as themselves. */
const accounts = ACCOUNTS.filter(({ connects }) => connects).map(({ name }) => name);

const isAccount = (role: string): role is LoginRole => accounts.includes(role as LoginRole);

/** Who takes on other roles: as a request does, by the APIs' login, and what no request may have by the migrator's. */
const takers: readonly LoginRole[] = ['db_authenticator', 'db_migrator'];

/**
 * An account logs in as itself, and every other role is taken on by a login that may. Whatever runs there can become that
 * login again (`set role none`), so it is never the administrator's: that is what --superuser is for.
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
      const open = (url: string): Promise<Client> => openFor(withDatabase(url, database), claims, onNotify);
      if (target.superuser) return await open(administrator);
      if (own !== null) return await open(own);
      for (const taker of takers) {
        const client = await open(await databaseUrl(paths, context.env, taker));
        if (await takeRole(client, role)) return client;
      }
      throw notTaken(role, administrator);
    },
  };
}

async function openFor(
  url: string,
  claims: string | null,
  onNotify: (channel: string, payload: string) => void,
): Promise<Client> {
  const client = await connectClient({ url, parameters: { application_name: 'peakstone sql' }, onNotify });
  try {
    // Bounds that the APIs' login has for requests are none for a person, who has Ctrl-C.
    await client.script(setting('statement_timeout', '0'));
    // A client that was killed cancels nothing: the server looks by itself, where it can. The operator is PostgreSQL's own,
    // whatever an administrator's search path has first.
    await client.script(
      `${setting('client_connection_check_interval', '2s')} where pg_catalog.version() operator(pg_catalog.~~) '%linux%'`,
    );
    await client.script(silenceFailures);
    if (claims !== null) await client.script(setting('request.jwt.claims', claims));
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** A failed statement may hold a password, and is shown here: the server's log has its error alone. The stack's logins have this already. */
const silenceFailures = `select pg_catalog.set_config(name, value, false)
  from (values ('log_min_error_statement', 'panic'), ('log_error_verbosity', 'terse')) as silent(name, value)
  where pg_catalog.has_parameter_privilege(name, 'set')`;

/** Closes the connection where it cannot. @returns whether this login may. @throws {CliError} when there is no such role */
async function takeRole(client: Client, role: string): Promise<boolean> {
  try {
    await client.script(setting('role', role));
    return true;
  } catch (error) {
    client.close();
    if (error instanceof PgError && error.code === '42501') return false;
    if (!(error instanceof PgError) || error.code !== '22023') throw error;
    throw new CliError(`There is no role '${role}'.`, { hint: `See them: peakstone sql '\\du'` });
  }
}

function notTaken(role: string, administrator: string): CliError {
  const message = `No login of the stack may act as '${role}'.`;
  if (role === decodeURIComponent(new URL(administrator).username))
    return new CliError(message, { hint: 'That is the administrator: --superuser.' });
  const grant = `grant ${quoteIdentifier(role)} to db_migrator with inherit false, set true`;
  return new CliError(message, {
    hint: `Where db_migrator, and so every migration, may have its rights, as the superuser: ${grant}`,
  });
}

function withDatabase(address: string, database: string): string {
  const url = new URL(address);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

function setting(name: string, value: string): string {
  return `select pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`;
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
