/** Sources of the web: whom a name leads to is looked at when the connection is made, each time. */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { ImagesError } from '../errors.ts';
import { type AddressRules, forbiddenKind } from './address.ts';
import { addCookies, cookieHeader } from './cookies.ts';
import { parseWebUrl, type WebUrl } from './sourceUrl.ts';
import type { SourceHeaders, SourceRequest, SourceResponse, WebReader } from './types.ts';

export interface HttpSourceConfig extends AddressRules {
  readonly userAgent: string;
  readonly maxRedirects: number;
  readonly ignoreSslVerification: boolean;
  /** How long a connection is kept for the next request; 0 for not at all. */
  readonly keepAliveMs: number;
}

export interface HttpSource {
  readonly read: WebReader;
  /** Ends what is kept open. */
  close(): void;
}

/** What a system says of a name; tests put another in its place. */
export type Lookup = typeof systemLookup;

export function createHttpSource(config: HttpSourceConfig, lookup: Lookup = systemLookup): HttpSource {
  const options = {
    keepAlive: config.keepAliveMs > 0,
    timeout: config.keepAliveMs,
    maxSockets: 100,
    maxFreeSockets: 20,
    lookup: guardedLookup(config, lookup),
  };
  const agents = {
    http: new HttpAgent(options),
    https: new HttpsAgent({ ...options, rejectUnauthorized: !config.ignoreSslVerification }),
  };
  return {
    read: request => follow(request, config, agents),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Every address of a name has to be allowed, and the connection goes to one of these: a second look could be told another. */
function guardedLookup(rules: AddressRules, lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '');
      const wrong = addresses.map(({ address }) => refusal(address, rules)).find(each => each !== undefined);
      if (wrong !== undefined) return callback(wrong as NodeJS.ErrnoException, '');
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}

function refusal(address: string, rules: AddressRules): ImagesError | undefined {
  const kind = forbiddenKind(address, rules);
  return kind && new ImagesError('sourceAddress', `The source's address ${address} is not allowed: ${kind}.`);
}

async function follow(
  request: SourceRequest<WebUrl>,
  config: HttpSourceConfig,
  agents: Agents,
): Promise<SourceResponse> {
  let { url } = request.source;
  const cookies = new Map<string, string>();
  for (let redirects = 0; ; redirects++) {
    const response = await ask(url, request, config, agents, cookies);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      return {
        status,
        headers: response.headers as SourceHeaders,
        body: bodyOf(response),
        path: url.pathname,
        close: () => void response.destroy(),
      };
    }
    response.destroy();
    if (redirects + 1 >= config.maxRedirects) {
      throw new ImagesError('unreachable', `Stopped after ${redirects + 1} redirects.`);
    }
    addCookies(cookies, url, response.headers['set-cookie'] ?? []);
    const next = parseWebUrl(location, url);
    if (typeof next === 'string') throw new ImagesError('unreachable', next);
    url = next;
  }
}

function ask(
  url: URL,
  { headers, signal }: SourceRequest<WebUrl>,
  config: HttpSourceConfig,
  agents: Agents,
  cookies: ReadonlyMap<string, string>,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const wrong = isIP(host) === 0 ? undefined : refusal(host, config);
  if (wrong !== undefined) return Promise.reject(wrong);
  const secure = url.protocol === 'https:';
  const sent: Record<string, string> = { 'user-agent': config.userAgent };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent[name] = value;
  const cookie = [headers.cookie, cookieHeader(cookies, url)].filter(Boolean).join('; ');
  if (cookie !== '') sent.cookie = cookie;
  return new Promise((resolve, reject) => {
    const start = secure ? httpsRequest : httpRequest;
    const request = start(url, { agent: secure ? agents.https : agents.http, headers: sent, signal });
    request.on('response', resolve);
    request.on('error', error => reject(asRefusal(error, signal)));
    request.end();
  });
}

async function* bodyOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw new ImagesError('incomplete', 'The source’s answer broke off.', { cause: error });
  }
  if (!response.complete) throw new ImagesError('incomplete', 'The source’s answer broke off.');
}

function asRefusal(error: Error, signal: AbortSignal): Error {
  if (error instanceof ImagesError) return error;
  if (signal.aborted) return signal.reason as Error;
  return new ImagesError('unreachable', `The source is unreachable: ${error.message}`, { cause: error });
}
