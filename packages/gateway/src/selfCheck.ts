import { request as httpRequest } from 'node:http';
import type { Health } from '@peakstone/kernel/service';

/** What a check of the gateway asks for: nothing is looked up, so that it tells of the listener alone. */
export const ALIVE_PATH = '/-/alive';
const TIMEOUT_MS = 900;

/**
 * Asks the listener at `address` as a client would: a process may be in good health and reach nobody, when its
 * descriptors or connections are used up. Never rejects.
 */
export function checkListener({
  address,
  port,
}: {
  readonly address: string;
  readonly port: number;
}): Promise<Health> {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return new Promise(resolve => {
    const asked = httpRequest(
      { host, port, path: ALIVE_PATH, agent: false, timeout: TIMEOUT_MS },
      response => {
        response.resume();
        const { statusCode = 0 } = response;
        resolve(
          statusCode === 204 ? { ok: true } : { ok: false, reason: `answers ${statusCode} on its own port` },
        );
      },
    );
    asked.once('timeout', () => {
      resolve({ ok: false, reason: `gives no answer on its own port within ${TIMEOUT_MS / 1000} s` });
      asked.destroy();
    });
    asked.once('error', error =>
      resolve({ ok: false, reason: `can not be reached on its own port: ${error.message}` }),
    );
    asked.end();
  });
}
