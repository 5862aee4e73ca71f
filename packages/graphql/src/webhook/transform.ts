/**
 * Transforms of requests to webhooks and of their answers.
 * @see https://hasura.io/docs/2.0/actions/rest-connectors/
 */
import type { Session } from '../auth/types.ts';
import type { RequestTransform, ResponseTransform } from '../definition/webhook.ts';
import { fillTemplate, KritiError, type Scope } from '../kriti/index.ts';
import type { HeaderList, WebhookRequest } from './request.ts';

export interface RequestContext {
  readonly body: unknown;
  readonly session: Pick<Session, 'variables'> | null;
}

/** All that is wrong with a transform. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super('transformation failed');
    this.errors = errors;
  }
}

/** The request as the transform makes it. @throws {TransformError} Pure. */
export function transformRequest(
  request: WebhookRequest,
  transform: RequestTransform,
  context: RequestContext,
): WebhookRequest {
  const scope = requestScope(request, context);
  const errors: unknown[] = [];
  const attempt = <T>(fill: () => T, fallback: T): T => {
    try {
      return fill();
    } catch (error) {
      if (!(error instanceof KritiError)) throw error;
      errors.push(error.toJSON());
      return fallback;
    }
  };
  const url = attempt(() => urlOf(request.url, transform, scope), request.url);
  const headers = attempt(() => headersOf(request.headers, transform, scope), request.headers);
  const body = attempt(() => bodyOf(request.body, transform, scope), request.body);
  if (errors.length > 0) throw new TransformError(errors);
  return { url, method: transform.method?.toUpperCase() ?? request.method, headers, body };
}

/** The answer's body as the transform makes it. @throws {TransformError} Pure. */
export function transformResponse(
  transform: ResponseTransform,
  answer: { readonly body: unknown; readonly status: number },
  request: WebhookRequest,
  context: RequestContext,
): unknown {
  const { body } = transform;
  const template = typeof body === 'string' ? body : body?.action === 'transform' ? body.template : undefined;
  if (template === undefined) return answer.body;
  const { names, functions } = requestScope(request, context);
  const scope: Scope = {
    names: {
      $body: answer.body,
      $response: { status: answer.status, body: answer.body },
      $status: answer.status,
      $request: {
        body: context.body,
        base_url: names.$base_url,
        session_variables: names.$session_variables,
        query_params: names.$query_params,
      },
      $session_variables: names.$session_variables,
      $base_url: names.$base_url,
    },
    functions,
  };
  try {
    return fillTemplate(template, scope);
  } catch (error) {
    if (error instanceof KritiError) throw new TransformError([error.toJSON()]);
    throw error;
  }
}

function requestScope({ url }: WebhookRequest, { body, session }: RequestContext): Scope {
  const variables = session?.variables ?? new Map<string, string>();
  return {
    names: {
      $body: body,
      $base_url: url,
      $session_variables: Object.fromEntries(variables),
      $query_params: Object.fromEntries(URL.parse(url)?.searchParams ?? []),
    },
    functions: {
      getSessionVariable: name => {
        const value = variables.get(String(name).toLowerCase());
        if (value === undefined) throw new Error(`Session variable ${JSON.stringify(name)} not found`);
        return value;
      },
    },
  };
}

/** A text with expressions in it, which is no JSON. */
function fillText(template: string, scope: Scope): unknown {
  return fillTemplate(`"${escapeOutside(template)}"`, scope);
}

/** Quotes and backslashes outside of expressions are the text's own. */
function escapeOutside(template: string): string {
  return template
    .split(/(\{\{.*?\}\})/s)
    .map((part, i) => (i % 2 === 1 ? part : JSON.stringify(part).slice(1, -1)))
    .join('');
}

function urlOf(url: string, { url: template, query_params: params }: RequestTransform, scope: Scope): string {
  const base = template === undefined ? url : String(fillText(template, scope));
  if (params === undefined) return template === undefined ? url : base;
  const query = queryOf(params, scope);
  const [address, own] = base.split('?', 2) as [string, string | undefined];
  const whole = [own, query].filter(Boolean).join('&');
  return whole === '' ? address : `${address}?${whole}`;
}

function queryOf(params: NonNullable<RequestTransform['query_params']>, scope: Scope): string {
  if (typeof params === 'string') return String(fillText(params, scope));
  return Object.entries(params)
    .flatMap(([name, template]) => {
      const key = encodeURIComponent(String(fillText(name, scope)));
      if (template === null) return [key];
      const value = fillParameter(template, scope);
      return value === null ? [] : [`${key}=${encodeURIComponent(value)}`];
    })
    .join('&');
}

/** What is null as a whole is left out. */
function fillParameter(template: string, scope: Scope): string | null {
  if (/^\s*\{\{(?:(?!\}\}).)*\}\}\s*$/s.test(template)) {
    const value = fillTemplate(template, scope);
    return value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
  }
  return String(fillText(template, scope));
}

function headersOf(
  headers: HeaderList,
  { request_headers: changes, content_type: contentType, body }: RequestTransform,
  scope: Scope,
): HeaderList {
  const added = Object.entries(changes?.add_headers ?? {}).map(
    ([name, template]) => [name.toLowerCase(), String(fillText(template, scope))] as const,
  );
  const isForm = typeof body === 'object' && body?.action === 'x_www_form_urlencoded';
  if (contentType !== undefined || isForm) {
    const type = contentType ?? 'application/x-www-form-urlencoded';
    if (!added.some(([name]) => name === 'content-type')) added.push(['content-type', type]);
  }
  const gone = new Set([
    ...(changes?.remove_headers ?? []).map(name => name.toLowerCase()),
    ...added.map(([name]) => name),
  ]);
  const kept = headers.filter(([name]) => !gone.has(name.toLowerCase()));
  return [...kept, ...added.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))];
}

function bodyOf(body: string | null, { body: transform }: RequestTransform, scope: Scope): string | null {
  if (transform === undefined) return body;
  if (typeof transform === 'string') return JSON.stringify(fillTemplate(transform, scope));
  switch (transform.action) {
    case 'remove':
      return null;
    case 'transform':
      return transform.template === undefined
        ? body
        : JSON.stringify(fillTemplate(transform.template, scope));
    case 'x_www_form_urlencoded':
      return Object.entries(transform.form_template ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, template]) => {
          const value = fillParameter(template, scope);
          return `${encodeURIComponent(name)}=${encodeURIComponent(value ?? '')}`;
        })
        .join('&');
  }
}
