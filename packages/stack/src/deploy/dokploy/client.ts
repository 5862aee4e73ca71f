/**
 * Dokploy's API, the part that a deployment needs.
 * Procedures are `/api/ROUTER.PROCEDURE`: queries by GET with the input in the query, mutations by POST with JSON.
 * @see https://docs.dokploy.com/docs/api
 */
import { DeployError } from '../errors.ts';

export interface DokployTarget {
  /** Origin, such as `https://dokploy.example.com`. */
  readonly url: string;
  /** From the profile's API keys; sent as `x-api-key`, never shown. */
  readonly apiKey: string;
  /** Default 30 000. */
  readonly timeoutMs?: number;
}

export interface DokployClient {
  query<T>(procedure: string, input?: Readonly<Record<string, string>>): Promise<T>;
  mutate<T>(procedure: string, input: Readonly<Record<string, unknown>>): Promise<T>;
}

/** What a project holds; only the fields that are read. */
export interface DokployProject {
  readonly projectId: string;
  readonly name: string;
  readonly environments: readonly DokployEnvironment[];
}

export interface DokployEnvironment {
  readonly environmentId: string;
  readonly name: string;
  readonly compose?: readonly { readonly composeId: string; readonly name: string }[];
}

export interface DokployCompose {
  readonly composeId: string;
  readonly name: string;
  readonly appName: string;
  readonly composeFile: string;
  readonly env: string | null;
  readonly sourceType: string;
  readonly composeType: string;
}

export interface DokployDomain {
  readonly domainId: string;
  readonly host: string;
  readonly port: number | null;
  readonly https: boolean;
  readonly serviceName: string | null;
  readonly certificateType: string;
  readonly customCertResolver?: string | null;
  readonly path?: string | null;
}

export interface DokployDeployment {
  readonly deploymentId: string;
  readonly title: string;
  readonly status: 'running' | 'done' | 'error' | 'cancelled' | null;
  readonly createdAt: string;
  readonly errorMessage: string | null;
}

/** @throws {DeployError} from each call: no answer, a refused key, or what Dokploy says is wrong. */
export function createDokployClient({ url, apiKey, timeoutMs = 30_000 }: DokployTarget): DokployClient {
  const origin = url.replace(/\/+$/, '');
  async function call<T>(procedure: string, path: string, init: RequestInit): Promise<T> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${origin}/api/${path}`, {
        ...init,
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      text = await response.text();
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { message?: string } };
      throw new DeployError(`Dokploy at ${origin} does not answer: ${cause?.message ?? message}`, {
        hint: 'check DOKPLOY_URL (its origin, such as https://dokploy.example.com)',
        cause: error,
      });
    }
    const body = parseJson(text);
    // Another server's page is no answer of Dokploy's, however well it went.
    if (response.ok && (body !== undefined || text === '')) return body as T;
    const said = (body as { message?: string } | undefined)?.message ?? text.slice(0, 200);
    if (response.status === 401 || response.status === 403) {
      throw new DeployError(`Dokploy refused the key for ${procedure}: ${said}`, {
        hint: 'make one under Settings → Profile → API/CLI keys, and set DOKPLOY_API_KEY',
      });
    }
    // Dokploy's own answers name a code; another server's 404 does not.
    if (response.ok || (response.status === 404 && (body === undefined || !('code' in (body as object))))) {
      throw new DeployError(`${origin} has no Dokploy API`, {
        hint: 'check DOKPLOY_URL; the API needs Dokploy 0.22 or newer',
      });
    }
    throw new DeployError(`Dokploy answered ${response.status} to ${procedure}: ${said}`);
  }
  const headers = { 'x-api-key': apiKey, accept: 'application/json' };
  return {
    query: (procedure, input = {}) => {
      const query = new URLSearchParams(input).toString();
      return call(procedure, query === '' ? procedure : `${procedure}?${query}`, { headers });
    },
    mutate: (procedure, input) =>
      call(procedure, procedure, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(input),
      }),
  };
}

/** Undefined: it is no JSON, as whoever stands before Dokploy may answer. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
