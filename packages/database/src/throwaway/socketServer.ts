import { type Server, type StartOptions, startServer } from '../server/start.ts';
import { connectionUrl } from '../url.ts';
import { QUIET_DATA_SETTINGS, QUIET_SESSION_SETTINGS, QUIET_SETTINGS } from './quiet.ts';

/** A server that is reached by its private socket alone. */
export interface SocketServer {
  readonly server: Server;
  /** The superuser's, without a password, by default of database `postgres`. */
  url(database?: string): string;
}

/**
 * Starts a server on a data folder for its caller's eyes alone, such as to try something on it: nothing listens on a port, and what
 * its database does by itself is not done (quiet.ts), whatever the folder's own settings say.
 * @throws {DatabaseError}; the signal's reason when it is aborted
 */
export async function startSocketServer(
  options: Omit<StartOptions, 'database' | 'port' | 'listenAddresses' | 'overriding'>,
  signal: AbortSignal,
): Promise<SocketServer> {
  const server = await startServer(
    {
      ...options,
      database: 'postgres',
      port: { port: 0, fixed: false },
      listenAddresses: '',
      overriding: { ...QUIET_SETTINGS, ...(options.adopt && QUIET_DATA_SETTINGS) },
    },
    signal,
  );
  const socket = { host: server.socketDir, port: server.port };
  const session = options.adopt ? `&options=${encodeURIComponent(asOptions(QUIET_SESSION_SETTINGS))}` : '';
  return {
    server,
    url: (database = 'postgres') => connectionUrl(socket, database, options.superuser) + session,
  };
}

/** As `options` of a connection has them: blanks in values are escaped. Pure. */
function asOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}
