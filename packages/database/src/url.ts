/** Where a role logs in. */
export interface Endpoint {
  /** A host name or address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
}

/**
 * A connection URI that libpq, `pg` and the kernel read alike. Pure.
 * @example connectionUrl({ host: '/run/pg', port: 5432 }, 'app', 'web', 'pw') // postgres://web:pw@localhost:5432/app?host=%2Frun%2Fpg
 */
export function connectionUrl(endpoint: Endpoint, database: string, user: string, password?: string): string {
  const socket = endpoint.host.startsWith('/');
  const host = socket ? 'localhost' : endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const account =
    encodeURIComponent(user) + (password === undefined ? '' : `:${encodeURIComponent(password)}`);
  const query = socket ? `?host=${encodeURIComponent(endpoint.host)}` : '';
  return `postgres://${account}@${host}:${endpoint.port}/${encodeURIComponent(database)}${query}`;
}
