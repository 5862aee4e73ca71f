/** Requests of cases, with what the recording leaves out of their headers. */
import type { Step } from './cases.ts';
import type { Served } from './serve.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** Sends a step's request. */
export async function ask(served: Served, step: Step, query: unknown): Promise<Answer> {
  const method = step.method ?? 'POST';
  const headers: Record<string, string> = {};
  // A secret that the recording does not have stands as null; other requests by GET are sent as they are.
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    if (value === '{{ADMIN_SECRET}}' || (value === null && served.tellsSecret))
      headers[name] = served.adminSecret ?? '';
    else if (value === null) continue;
    else headers[name] = String(value);
  }
  if (
    step.auth !== false &&
    !served.asksWebhook &&
    method !== 'GET' &&
    served.adminSecret !== null &&
    !hasSecret(step.headers ?? {})
  )
    headers['X-Hasura-Admin-Secret'] = served.adminSecret;
  if (method === 'GET' || method === 'DELETE') return await request(served, step.url!, { method, headers });
  headers['content-type'] ??= 'application/json';
  const body =
    method === 'POST'
      ? JSON.stringify(query)
      : method === 'POSTJSON'
        ? JSON.stringify(step.body)
        : String(step.body ?? '');
  return await request(served, step.url!, { method: method === 'POSTJSON' ? 'POST' : method, headers, body });
}

function hasSecret(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some(name =>
    /^(?:x-hasura-admin-secret|x-hasura-access-key|authorization)$/i.test(name),
  );
}

/** Sends a set-up's, as the administrator unless its headers say otherwise. */
export async function post(
  served: Served,
  url: string,
  query: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return await request(served, url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(served.adminSecret !== null && { 'X-Hasura-Admin-Secret': served.adminSecret }),
      ...headers,
    },
    body: JSON.stringify(query),
  });
}

async function request(served: Served, target: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(served.url + target, { ...init, redirect: 'manual' });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // No JSON, such as `OK`: compared as text.
  }
  return { status: response.status, headers: response.headers, text, body };
}
