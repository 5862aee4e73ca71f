/** A server of S3 over HTTP: requests signed, and tried again where the network or the server was at fault. */
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, Agent as PlainAgent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { sign } from '@peakstone/kernel/sigv4';
import { encodeComponent, encodePath } from '../wire/encode.ts';
import { type ClientError, refusal } from './error.ts';

export interface Endpoint {
  /** `http://127.0.0.1:9000`: buckets are paths. */
  readonly origin: string;
  /** Default us-east-1; what a server says it is takes its place. */
  readonly region?: string | undefined;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Call {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Undecoded; begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer;
  /** Statuses besides 2xx that the caller understands. */
  readonly accept?: readonly number[];
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unread. */
  readonly body: IncomingMessage;
}

const tries = 5;
const firstPauseMs = 200;
/** A server that says nothing for so long is gone. */
const idleMs = 60_000;
const maxTextBytes = 64 * 1024 * 1024;
const empty = Buffer.alloc(0);

export class Connection {
  readonly origin: string;
  readonly #endpoint: Endpoint;
  readonly #signal: AbortSignal | undefined;
  readonly #agent: PlainAgent | SecureAgent;
  #region: string;

  /** @param signal ends everything under way */
  constructor(endpoint: Endpoint, signal?: AbortSignal) {
    this.origin = endpoint.origin.replace(/\/$/, '');
    this.#endpoint = endpoint;
    this.#region = endpoint.region || 'us-east-1';
    this.#signal = signal;
    const options = { keepAlive: true, maxSockets: 64 };
    this.#agent = this.origin.startsWith('https:') ? new SecureAgent(options) : new PlainAgent(options);
  }

  get accessKey(): string {
    return this.#endpoint.accessKey;
  }

  /** What bodies of the admin API are sealed with. */
  get secretKey(): string {
    return this.#endpoint.secretKey;
  }

  /** The same server for what is to be undone once all else has been ended. */
  afterAbort(): Connection {
    return this.#signal?.aborted ? new Connection(this.#endpoint) : this;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @throws {ClientError} what the server refused, or that it could not be reached */
  async send(call: Call): Promise<Reply> {
    let failure: unknown;
    for (let attempt = 1, pauseMs = firstPauseMs; attempt <= tries; attempt++, pauseMs *= 2) {
      if (attempt > 1) await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal: this.#signal });
      let reply: Reply;
      try {
        reply = await this.#once(call);
      } catch (error) {
        this.#signal?.throwIfAborted();
        failure = unreachable(this.origin, error);
        if (isFinal(error)) throw failure;
        continue;
      }
      const { status } = reply;
      if ((status >= 200 && status < 300) || call.accept?.includes(status)) return reply;
      const text = (await readAll(reply)).toString('utf8');
      const region = regionOf(reply, text);
      failure = refusalOf(call, reply, text);
      if (region !== undefined && region !== this.#region) this.#region = region;
      else if (status < 500 && status !== 429 && status !== 408) throw failure;
      else if (status === 501 || status === 507) throw failure;
    }
    throw failure;
  }

  /** The whole of a small answer. @throws {ClientError} */
  async read(call: Call): Promise<Buffer> {
    return await readAll(await this.send(call));
  }

  /** The same, as text. @throws {ClientError} */
  async text(call: Call): Promise<string> {
    return (await this.read(call)).toString('utf8');
  }

  async #once({ method = 'GET', path, query = {}, headers = {}, body = empty }: Call): Promise<Reply> {
    const url = new URL(this.origin);
    const pathname = `${url.pathname.replace(/\/$/, '')}${encodePath(path)}`;
    const pairs = definedOf(query);
    const digest = createHash('sha256').update(body).digest('hex');
    const { accessKey, secretKey, sessionToken } = this.#endpoint;
    const signed = sign(
      { region: this.#region, accessKey, secretKey },
      method,
      { host: url.host, pathname, searchParams: new URLSearchParams(pairs) },
      {
        ...Object.fromEntries(definedOf(headers)),
        'x-amz-content-sha256': digest,
        ...(sessionToken && { 'x-amz-security-token': sessionToken }),
      },
      digest,
      new Date(),
    );
    const text = pairs.map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`).join('&');
    return await new Promise<Reply>((resolve, reject) => {
      const send = url.protocol === 'https:' ? secureRequest : request;
      const sent = send({
        method,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port || undefined,
        // As it stands: a URL would fold the dots of a key.
        path: `${pathname}${text === '' ? '' : `?${text}`}`,
        agent: this.#agent,
        headers: { ...signed, host: url.host, 'content-length': String(body.length) },
        ...(this.#signal && { signal: this.#signal }),
      });
      sent.setTimeout(idleMs, () => sent.destroy(new Error(`it said nothing for ${idleMs / 1000} s`)));
      sent.on('error', reject);
      sent.on('response', answer =>
        resolve({ status: answer.statusCode!, headers: answer.headers, body: answer }),
      );
      sent.end(body);
    });
  }
}

/** @throws {ClientError} broken off, or far larger than what is asked for that way */
export async function readAll({ body, status }: Reply): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxTextBytes)
      throw refusal('TooLarge', status, 'The answer is too large to be one', undefined);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

function definedOf(values: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

const wordsOf: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
};

function unreachable(origin: string, error: unknown): ClientError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return refusal('Unreachable', 0, `${origin} cannot be reached`, wordsOf[code] ?? message, error);
}

/** No second try would find a host that has no name, or a certificate that is nobody's. */
function isFinal(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' || /CERT|SELF_SIGNED|^ERR_/.test(code);
}

function refusalOf({ path, method = 'GET' }: Call, { status, headers }: Reply, text: string): ClientError {
  const named = /<Code>([\w.]+)<\/Code>/.exec(text)?.[1] ?? /"Code":"([\w.]+)"/.exec(text)?.[1];
  const code = named ?? String(headers['x-minio-error-code'] ?? (status === 404 ? 'NoSuchKey' : status));
  const said =
    /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? /"Message":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const words = said?.startsWith('"') ? (JSON.parse(said) as string) : said;
  const what = path === '/' || path.startsWith('/minio/') ? 'The server refuses' : path.slice(1);
  return refusal(code, status, what, words || (method === 'HEAD' ? meanings[status] : undefined));
}

/** Answers to HEAD have no words. */
const meanings: Readonly<Record<number, string>> = {
  403: 'Access Denied',
  404: 'There is nothing of that name',
  405: 'It is a delete marker',
};

function regionOf({ status, headers }: Reply, text: string): string | undefined {
  if (status !== 400 && status !== 301 && status !== 307) return undefined;
  const told = headers['x-amz-bucket-region'];
  return typeof told === 'string' ? told : /<Region>([\w-]+)<\/Region>/.exec(text)?.[1];
}
