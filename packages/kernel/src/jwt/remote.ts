import { JwtError } from './errors.ts';
import type { JwkSet } from './keys.ts';
import { createVerifier, type VerifiedToken, type Verifier, type VerifierOptions } from './verifier.ts';

export interface RemoteVerifierOptions
  extends Omit<VerifierOptions, 'secret' | 'secretIsBase64' | 'jwk' | 'jwks'> {
  /** Address of the JWK set; http or https. */
  readonly url: string;
  /** Age at which the set is fetched again. Default 10 min. */
  readonly refreshMs?: number;
  /** Least time between two fetches, however many unknown keys are asked for. Default 30 s. */
  readonly cooldownMs?: number;
  /** Default 5 s. */
  readonly timeoutMs?: number;
  /** Largest set that is read. Default 256 KiB. */
  readonly maxBytes?: number;
}

/** Verifies with a key set that somebody else publishes and rotates. */
export interface RemoteVerifier {
  /**
   * @throws {JwtError} when the token is refused.
   * @throws {Error} when no key set could be had yet; `cause` says why. While one is known, failing fetches are no error.
   */
  verify(token: string): Promise<VerifiedToken>;
}

/** Makes a verifier over a JWK set's URL. Nothing is fetched before the first token. */
export function createRemoteVerifier(options: RemoteVerifierOptions): RemoteVerifier {
  const refreshMs = options.refreshMs ?? 600_000;
  const cooldownMs = options.cooldownMs ?? 30_000;
  // Ages, not times: a clock that is put right must not keep a set for longer.
  const now = options.now ?? (() => performance.now());
  let current: Verifier | null = null;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let lastFailure: unknown = null;
  let pending: Promise<void> | null = null;

  /** Fetches at most once at a time and once a cool-down. */
  async function refresh(): Promise<void> {
    if (pending === null && now() - triedAt < cooldownMs) return;
    pending ??= (async () => {
      triedAt = now();
      try {
        current = createVerifier({ ...options, jwks: await fetchJwks(options) });
        fetchedAt = now();
        lastFailure = null;
      } catch (error) {
        lastFailure = error;
      } finally {
        pending = null;
      }
    })();
    await pending;
  }

  return {
    async verify(token) {
      if (current === null) await refresh();
      else if (now() - fetchedAt > refreshMs) void refresh();
      if (current === null)
        throw new Error(`No JWK set could be fetched from ${options.url}`, { cause: lastFailure });
      const used = current;
      try {
        return used.verify(token);
      } catch (error) {
        if (!(error instanceof JwtError) || error.reason !== 'noSuitableKey') throw error;
        await refresh();
        if (current === used) throw error;
        return current.verify(token);
      }
    },
  };
}

async function fetchJwks(options: RemoteVerifierOptions): Promise<JwkSet> {
  const maxBytes = options.maxBytes ?? 256 * 1024;
  const response = await fetch(options.url, {
    signal: AbortSignal.timeout(options.timeoutMs ?? 5000),
    redirect: 'error',
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (!response.ok || response.body === null)
    throw new Error(`The JWK set's server answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`The JWK set is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const set: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (set === null || typeof set !== 'object' || !Array.isArray((set as JwkSet).keys)) {
    throw new Error('The answer is not a JWK set: it has no "keys"');
  }
  return set as JwkSet;
}
