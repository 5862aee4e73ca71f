/**
 * Requests to webhooks and remote schemas, whose addresses are the administrator's. Bounded in time and in the size of
 * answers; what goes wrong is a value, as whoever asks tells it in words of his own.
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** Name and value, in the order and case in which they are sent or have come. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface WebhookRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: string | null;
}

export interface WebhookOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

export type WebhookResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: HeaderList;
      readonly text: string;
    }
  | { readonly kind: 'failure'; readonly failure: WebhookFailure };

export interface WebhookFailure {
  /** As the reference's HTTP client calls it. */
  readonly type: 'ConnectionFailure' | 'ResponseTimeout' | 'InvalidUrl' | 'TooLarge';
  readonly message: string;
}

/** Sockets to one place at once; what is more waits, within its time. */
const maxSockets = 100;
const agents = {
  'http:': { agent: new HttpAgent({ keepAlive: true, maxSockets }), request: requestHttp },
  'https:': { agent: new HttpsAgent({ keepAlive: true, maxSockets }), request: requestHttps },
} as const;

/** Sends one request. Redirects are not followed. Never rejects. */
export async function sendWebhook(
  { url: text, method, headers, body }: WebhookRequest,
  { timeoutMs, maxBytes, signal }: WebhookOptions,
): Promise<WebhookResult> {
  const url = URL.parse(text);
  const transport = url && Object.hasOwn(agents, url.protocol) ? agents[url.protocol as 'http:'] : null;
  if (!url || !transport) return failed('InvalidUrl', `invalid URL: ${text}`);
  const timeout = AbortSignal.timeout(timeoutMs);
  const bytes = body === null ? null : Buffer.from(body);
  return await new Promise<WebhookResult>(resolve => {
    const onError = (error: Error): void => {
      if (timeout.aborted) resolve(failed('ResponseTimeout', 'Response timeout'));
      else resolve(failed('ConnectionFailure', error.message));
    };
    try {
      const request = transport.request(
        url,
        {
          method,
          agent: transport.agent,
          signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
          headers: headersOf(headers, bytes),
        },
        response => void readResponse(response, maxBytes).then(resolve, onError),
      );
      request.on('error', onError);
      request.end(bytes);
    } catch (error) {
      // Headers that HTTP does not take.
      onError(error as Error);
    }
  });
}

function headersOf(headers: HeaderList, bytes: Buffer | null): Record<string, string | string[]> {
  const merged: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const known = merged[name];
    merged[name] = known === undefined ? value : [known, value].flat();
  }
  if (bytes) merged['content-length'] = String(bytes.length);
  return merged;
}

async function readResponse(response: IncomingMessage, maxBytes: number): Promise<WebhookResult> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      return failed('TooLarge', `the response is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  const headers: (readonly [string, string])[] = [];
  for (let i = 0; i < response.rawHeaders.length; i += 2)
    headers.push([response.rawHeaders[i]!, response.rawHeaders[i + 1]!]);
  return {
    kind: 'response',
    status: response.statusCode ?? 0,
    headers,
    text: Buffer.concat(chunks).toString(),
  };
}

function failed(type: WebhookFailure['type'], message: string): WebhookResult {
  return { kind: 'failure', failure: { type, message } };
}

/** The first header of a name, whatever its case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}
