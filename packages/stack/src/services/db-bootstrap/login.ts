/** How the bootstrap gets in: over the network with the password that is configured, or by the server's own socket, which asks for none. */
import { connectionUrl, DatabaseError, findLoginObstacle, setOwnPassword } from '@peakstone/database';
import { ConfigError, readPort, readSecret, readString } from '@peakstone/kernel/config';
import { withLogin as loginUrl, parseConninfo } from '@peakstone/kernel/pg';
import type { Env } from '@peakstone/kernel/service';

export interface Login {
  readonly url: string;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** The same by the server's socket, where the server shares it. */
  readonly socketUrl?: string;
}

/**
 * Reads PEAKSTONE_DATABASE_URL, or else PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE: parts, because a password may
 * hold what a URL cannot. Pure.
 * @throws {ConfigError} naming the variable
 */
export function readLogin(env: Env): Login {
  if (!env.PGHOST || env.PEAKSTONE_DATABASE_URL) return readUrl(env);
  const endpoint = {
    host: readString(env, 'PGHOST'),
    port: readPort(env, 'PGPORT', { default: 5432 }),
  };
  const user = readString(env, 'PGUSER', { default: 'postgres' });
  const database = readString(env, 'PGDATABASE', { default: 'postgres' });
  const password = readSecret(env, 'PGPASSWORD');
  const url = new URL(connectionUrl(endpoint, database, user, password));
  url.searchParams.set('sslmode', readString(env, 'PGSSLMODE', { default: 'prefer' }));
  const host = env.PEAKSTONE_DATABASE_SOCKET;
  return {
    url: url.href,
    user,
    database,
    password,
    ...(host ? { socketUrl: connectionUrl({ ...endpoint, host }, database, user) } : {}),
  };
}

/** A password that was pasted in raw is encoded from here on, but for a `%`, which begins what is encoded already. */
function readUrl(env: Env): Login {
  const expected = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';
  const text = readSecret(env, 'PEAKSTONE_DATABASE_URL', { expected });
  const defaults = { PGUSER: 'postgres', PGDATABASE: env.POSTGRES_DB || 'postgres' };
  try {
    const { user, database, password = '' } = parseConninfo(text, defaults);
    const encoded = loginUrl(text, user, password);
    const url = `${encoded}${encoded.includes('?') ? '&' : '?'}dbname=${encodeURIComponent(database)}`;
    return { url, user, database, password };
  } catch {
    // Without a cause, which would quote the password.
    throw new ConfigError('PEAKSTONE_DATABASE_URL', expected, {
      hint: 'A % in the password is written %25; or give PGHOST, PGUSER, PGPASSWORD … instead, as they are.',
    });
  }
}

/**
 * Does `work` with a login that the server takes. Where it refuses the password and shares its socket, the server is given that
 * password first: it was changed where the stack is configured, and everybody else has it already.
 * @returns what the work did, and whether the password had to be set
 * @throws {DatabaseError} AUTHENTICATION_FAILED where neither way leads in
 */
export async function withLogin<T>(
  { url, user, password, socketUrl }: Login,
  work: (url: string) => Promise<T>,
): Promise<{ readonly result: T; readonly passwordSet: boolean }> {
  try {
    return { result: await work(url), passwordSet: false };
  } catch (error) {
    if (!isRefused(error) || socketUrl === undefined) throw error;
    await setOwnPassword(socketUrl, password).catch(reason => {
      throw isRefused(reason) ? lockedOut(user, true, reason) : reason;
    });
    return { result: await work(url), passwordSet: true };
  }
}

/**
 * Whether {@link withLogin} would get in, changing nothing. A server that does not answer is no refusal: it may come.
 * @returns why not
 */
export async function refusesLogin({ url, user, database, socketUrl }: Login): Promise<string | undefined> {
  const obstacles = new Set<string | null>();
  for (const way of [url, socketUrl]) if (way !== undefined) obstacles.add(await findLoginObstacle(way));
  if (obstacles.has('database'))
    return `The server has no database ${database}: POSTGRES_DB was another when it was made.`;
  return obstacles.has(null) ? undefined : lockedOut(user, socketUrl !== undefined).message;
}

function isRefused(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === 'AUTHENTICATION_FAILED';
}

function lockedOut(user: string, hasSocket: boolean, cause?: unknown): DatabaseError {
  return new DatabaseError(
    'AUTHENTICATION_FAILED',
    `PostgreSQL does not take the configured password of ${user}${hasSocket ? ', neither over the network nor by its socket' : ''}.`,
    hasSocket
      ? 'Configure the password that the server has (POSTGRES_SUPERPASS), or let the socket in: `local all all trust` in pg_hba.conf.'
      : 'Configure the password that the server has.',
    cause,
  );
}
