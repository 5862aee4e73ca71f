/** One delivery to a webhook of events, with what the logs of invocations keep of it. */
import type { GraphqlConfig } from '../config/types.ts';
import type { HeaderConf, RequestTransform, ResponseTransform, UrlConf } from '../definition/webhook.ts';
import { HasuraError } from '../errors.ts';
import { hasuraVersion } from '../version.ts';
import { resolveHeaders, resolveUrl } from './environment.ts';
import { headerOf, sendWebhook, type WebhookRequest, type WebhookResult } from './request.ts';
import { showHeaders } from './response.ts';
import { TransformError, transformRequest } from './transform.ts';

export interface Delivery {
  readonly webhook: UrlConf;
  readonly headers: readonly HeaderConf[] | undefined;
  readonly payload: unknown;
  readonly timeoutMs: number;
  readonly requestTransform: RequestTransform | undefined;
  readonly responseTransform: ResponseTransform | undefined;
  /** For transforms. */
  readonly sessionVariables: ReadonlyMap<string, string>;
}

export interface DeliveryResult {
  readonly isDelivered: boolean;
  /** Null when no answer came. */
  readonly status: number | null;
  /** For the log: without the values of headers that come from the environment. */
  readonly request: unknown;
  readonly response: unknown;
  /** What the webhook says of when to come again. */
  readonly retryAfterSeconds: number | null;
}

/** The longest that a webhook may put an event off: a year. */
const maxRetryAfterSeconds = 366 * 24 * 3600;

/** Never rejects for what a webhook or its configuration does. */
export async function deliver(
  delivery: Delivery,
  { env, webhooks }: GraphqlConfig,
  signal?: AbortSignal,
): Promise<DeliveryResult> {
  const log = {
    version: '2',
    payload: delivery.payload,
    headers: (delivery.headers ?? []).map(({ name, value, value_from_env: variable }) => ({
      name,
      value: value ?? variable ?? null,
    })),
  };
  let request: WebhookRequest;
  try {
    request = requestOf(delivery, env);
  } catch (error) {
    if (!(error instanceof HasuraError) && !(error instanceof TransformError)) throw error;
    const message = error instanceof TransformError ? JSON.stringify(error.errors) : error.message;
    return { isDelivered: false, status: null, request: log, ...clientError(message) };
  }
  const result = await sendWebhook(request, {
    timeoutMs: delivery.timeoutMs,
    maxBytes: webhooks.maxResponseBytes,
    signal,
  });
  return { ...resultOf(result), request: log };
}

function requestOf(delivery: Delivery, env: GraphqlConfig['env']): WebhookRequest {
  const own = resolveHeaders(delivery.headers, env);
  const has = (name: string): boolean => own.some(([each]) => each.toLowerCase() === name);
  const request: WebhookRequest = {
    url: resolveUrl(delivery.webhook, env),
    method: 'POST',
    headers: [
      ...(has('content-type') ? [] : [['Content-Type', 'application/json'] as const]),
      ...(has('user-agent') ? [] : [['User-Agent', `hasura-graphql-engine/${hasuraVersion}`] as const]),
      ...own,
    ],
    body: JSON.stringify(delivery.payload),
  };
  if (!delivery.requestTransform) return request;
  return transformRequest(request, delivery.requestTransform, {
    body: delivery.payload,
    session: { variables: delivery.sessionVariables },
  });
}

function resultOf(result: WebhookResult): Omit<DeliveryResult, 'request'> {
  if (result.kind === 'failure')
    return { isDelivered: false, status: null, ...clientError(result.failure.message) };
  const { status, headers, text } = result;
  const retryAfter = Number(headerOf(headers, 'retry-after') ?? Number.NaN);
  const isDelivered = status >= 200 && status < 300;
  return {
    isDelivered,
    status,
    response: {
      type: 'webhook_response',
      version: '2',
      data: { status, body: text, headers: showHeaders(headers), size: Buffer.byteLength(text) },
    },
    retryAfterSeconds:
      !isDelivered && retryAfter > 0 ? Math.min(Math.ceil(retryAfter), maxRetryAfterSeconds) : null,
  };
}

function clientError(message: string): Pick<DeliveryResult, 'response' | 'retryAfterSeconds'> {
  return { response: { type: 'client_error', version: '2', data: { message } }, retryAfterSeconds: null };
}
