/** `--ready`: asks a running server's admin port whether it can serve, for container health checks. */
import { isEveryInterface } from '../config/hosts.ts';
import type { RestConfig } from '../config/types.ts';

const timeoutMs = 10_000;

export type Readiness =
  | { readonly ok: true; readonly message: string }
  | { readonly ok: false; readonly message: string };

/** One request; the message is what to print. */
export async function checkReady({
  adminServerHost: host,
  adminServerPort: port,
}: RestConfig): Promise<Readiness> {
  if (port === null) {
    return {
      ok: false,
      message: 'ERROR: Admin server is not running. Please check admin-server-port config.',
    };
  }
  if (isEveryInterface(host)) {
    return {
      ok: false,
      message: `ERROR: The \`--ready\` flag cannot be used when server-host is configured as "${host}". Please update your server-host config to "localhost".`,
    };
  }
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/ready`;
  if (!URL.canParse(url)) return { ok: false, message: `ERROR: invalid url - ${url}` };
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return response.ok ? { ok: true, message: `OK: ${url}` } : { ok: false, message: `ERROR: ${url}` };
  } catch {
    // fetch wraps every network failure alike; to the caller they all mean that nobody answers.
    return { ok: false, message: `ERROR: connection refused to ${url}` };
  }
}
