/** A server on the address or unix socket of the settings. */
import { type Handler, type HttpServer, type ServeOptions, serveHttp } from '@peakstone/kernel/http';

export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  /** Takes precedence over host and port. */
  readonly socketPath: string | null;
  readonly socketMode: number;
  readonly reusePort: boolean;
}

/** @throws the listen error, such as EADDRINUSE. */
export async function openServer(
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

/** Hosts to try in order. The reference's wildcards prefer, or admit only, one family. */
function bindHosts(host: string): readonly string[] {
  switch (host) {
    case '*4':
    case '!4':
      return ['0.0.0.0'];
    case '!6':
      return ['::'];
    case '*':
    case '*6':
      // `::` takes both families where the system has IPv6.
      return ['::', '0.0.0.0'];
    default:
      return [host];
  }
}
