/** Opens a server on the settings' address or unix socket. */
import { type Handler, type HttpServer, type ServeOptions, serveHttp } from '@peakstone/kernel/http';
import { bindHosts } from './address.ts';

export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  /** Takes precedence over host and port. */
  readonly socketPath: string | null;
  readonly socketMode: number;
  readonly reusePort: boolean;
}

/** @throws the listen error, such as EADDRINUSE. */
export async function listenOn(
  handler: Handler,
  target: ListenTarget,
  options: ServeOptions,
): Promise<HttpServer> {
  const { host, port, socketPath, socketMode, reusePort } = target;
  if (socketPath !== null) return await serveHttp(handler, { ...options, socketPath, socketMode });
  let failure: unknown;
  for (const candidate of bindHosts(host)) {
    try {
      return await serveHttp(handler, { ...options, host: candidate, port, reusePort });
    } catch (error) {
      // Only a missing address family is worth another try.
      failure = error;
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') break;
    }
  }
  throw failure;
}
