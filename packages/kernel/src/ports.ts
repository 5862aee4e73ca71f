/** TCP ports of this machine: how settings write one, and which are free. */
import { createServer } from 'node:net';

/**
 * Reads `5432`, or `127.0.0.1:5432` as Compose publishes ports; undefined for anything else. Pure.
 * @example parsePort('127.0.0.1:5432') // 5432
 */
export function parsePort(text: string): number | undefined {
  const match = /^(?:[0-9.]+:)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[1] ?? Number.NaN);
  return port <= 65_535 ? port : undefined;
}

/**
 * The port, or for 0 some free one, when one could listen on it at `host` now; undefined when it is taken, or kept for root.
 * @throws what the system says of the address (`EADDRNOTAVAIL`, `ENOTFOUND` …)
 */
export function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(bound !== null && typeof bound === 'object' ? bound.port : undefined));
    });
  });
}

/** How many bytes the path of a unix socket may have: sockaddr_un holds 108 on Linux and 104 on macOS, with the closing zero. */
export const maxSocketPathBytes = process.platform === 'darwin' ? 103 : 107;
