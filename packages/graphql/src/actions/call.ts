/** Calls an action's webhook. @see https://hasura.io/docs/2.0/actions/action-handlers/ */
import type { Headers } from '../auth/session.ts';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { defaultTimeoutSeconds } from '../definition/actions.ts';
import { HasuraError } from '../errors.ts';
import type { ActionModel, CustomTypesModel } from '../model/types.ts';
import { hasuraVersion } from '../version.ts';
import { forwardedHeaders } from '../webhook/clientHeaders.ts';
import { resolveHeaders, resolveUrl } from '../webhook/environment.ts';
import { type HeaderList, sendWebhook, type WebhookRequest, type WebhookResult } from '../webhook/request.ts';
import { jsonOf, showHeaders } from '../webhook/response.ts';
import { TransformError, transformRequest, transformResponse } from '../webhook/transform.ts';
import { checkOutput } from './shape.ts';

export interface ActionCall {
  readonly action: ActionModel;
  readonly types: CustomTypesModel;
  readonly input: Readonly<Record<string, unknown>>;
  /** The operation's text; null where it is not known any more. */
  readonly requestQuery: string | null;
}

export interface Caller {
  readonly session: Pick<Session, 'variables'>;
  readonly headers: Headers;
  readonly signal?: AbortSignal | undefined;
}

export interface ActionAnswer {
  readonly value: unknown;
  /** For the client. */
  readonly cookies: readonly string[];
}

/** What the administrator may see of a call that went wrong. */
interface Internals {
  readonly request: unknown;
  readonly response?: unknown;
}

/** @throws {HasuraError} what the webhook refuses, or what is wrong with it */
export async function callAction(
  { action, types, input, requestQuery }: ActionCall,
  { session, headers, signal }: Caller,
  { env, webhooks }: GraphqlConfig,
): Promise<ActionAnswer> {
  const { definition } = action.conf;
  const payload = {
    action: { name: action.name },
    input,
    session_variables: Object.fromEntries(session.variables),
    ...(requestQuery !== null && { request_query: requestQuery }),
  };
  const plain: WebhookRequest = {
    url: resolveUrl(definition.handler, env),
    method: 'POST',
    headers: headersFor(action, headers, env),
    body: JSON.stringify(payload),
  };
  const context = { body: payload, session };
  const request = definition.request_transform
    ? transformed('Request', () => transformRequest(plain, definition.request_transform!, context))
    : plain;
  const internals: Internals = {
    request: {
      body: payload,
      url: definition.handler,
      headers: definition.headers ?? [],
      transformed_request:
        request === plain ? null : { url: request.url, method: request.method, body: request.body },
    },
  };
  const result = await sendWebhook(request, {
    timeoutMs: 1000 * (definition.timeout ?? defaultTimeoutSeconds),
    maxBytes: webhooks.maxResponseBytes,
    signal,
  });
  if (result.kind === 'failure')
    throw new HasuraError('unexpected', 'http exception when calling webhook', {
      internal: {
        error: { type: 'http_exception', message: result.failure.message },
        response: null,
        ...internals,
      },
    });
  const text = definition.response_transform
    ? transformed('Response', () => {
        const answer = { body: jsonOf(result.text), status: result.status };
        return JSON.stringify(transformResponse(definition.response_transform!, answer, plain, context));
      })
    : result.text;
  return readAnswer(text, result, action, types, internals);
}

function transformed<T>(what: 'Request' | 'Response', run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TransformError)) throw error;
    throw new HasuraError('unexpected', `${what} Transformation Failed`, {
      internal: error.errors,
      cause: error,
    });
  }
}

/** The client's come first, then ours, then those of the metadata; of one name the first. */
function headersFor({ conf }: ActionModel, client: Headers, env: GraphqlConfig['env']): HeaderList {
  const { forward_client_headers: forwards, ignored_client_headers: ignored, headers } = conf.definition;
  const all: HeaderList = [
    ...(forwards ? forwardedHeaders(client, ignored ?? []) : []),
    ['Content-Type', 'application/json'],
    ['User-Agent', `hasura-graphql-engine/${hasuraVersion}`],
    ...resolveHeaders(headers, env),
  ];
  const seen = new Set<string>();
  return all.filter(([name]) => {
    const key = name.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function readAnswer(
  text: string,
  { status, headers }: WebhookResult & { readonly kind: 'response' },
  { output }: ActionModel,
  types: CustomTypesModel,
  internals: Internals,
): ActionAnswer {
  const value = jsonOf(text);
  const response = { status, body: value === undefined ? text : value, headers: showHeaders(headers) };
  const wrong = (message: string, error: unknown): HasuraError =>
    new HasuraError('unexpected', message, { internal: { error, response, ...internals } });
  if (value === undefined) throw wrong('not a valid json response from webhook', 'invalid JSON');
  if (status >= 200 && status < 300) {
    try {
      checkOutput(value, output, types);
    } catch (error) {
      throw error instanceof HasuraError ? wrong(error.message, 'unexpected response') : error;
    }
    const cookies = headers.flatMap(([name, each]) => (name.toLowerCase() === 'set-cookie' ? [each] : []));
    return { value, cookies };
  }
  if (status >= 400 && status < 500) throw refusalOf(value, wrong);
  throw wrong('internal error', `expecting 2xx or 4xx status code, but found ${status}`);
}

/** What the webhook says itself: `{"message", "code"?, "extensions"?}`. */
function refusalOf(value: unknown, wrong: (message: string, error: unknown) => HasuraError): HasuraError {
  const { message, code, extensions } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string')
    return wrong(
      'parsing Hasura.GraphQL.Execute.Action.Types.ActionWebhookErrorResponse failed, key "message" not found',
      'unexpected response',
    );
  if (extensions !== null && typeof extensions === 'object')
    return new HasuraError('unexpected', message, { bareExtensions: extensions as Record<string, unknown> });
  return new HasuraError('unexpected', message, typeof code === 'string' ? { shownCode: code } : {});
}
