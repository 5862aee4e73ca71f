/** The webhook that says who asks: by a token that is the session itself in base64, or by a cookie. */
import { jsonHeader, type Stub, type StubAnswer, type StubRequest, startStub } from './http.ts';

function headersOf({ method, headers, body }: StubRequest): Readonly<Record<string, string | undefined>> {
  if (method !== 'POST') return headers;
  const given = (body as { readonly headers?: Record<string, string> }).headers ?? {};
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

/** `Bearer BASE64` of the session's variables; anything else is nobody. */
export function startTokenWebhook(): Promise<Stub> {
  return startStub((request): StubAnswer => {
    const token = /^Bearer (.+)$/.exec(headersOf(request).authorization ?? '')?.[1];
    if (token === undefined) return { status: 401 };
    const session = JSON.parse(Buffer.from(token, 'base64').toString()) as Record<string, string>;
    if (session['X-Hasura-Auth-Mode'] !== 'webhook') return { status: 401 };
    return { status: 200, body: JSON.stringify(session), headers: [jsonHeader] };
  });
}

/** Whoever has a cookie is the administrator, and gets the cookies that he asks for. */
export function startCookieWebhook(): Promise<Stub> {
  return startStub((request): StubAnswer => {
    const headers = headersOf(request);
    if (!headers.cookie) return { status: 401 };
    const cookies = Object.entries(headers).filter(([name]) => name.includes('response-set-cookie'));
    return {
      status: 200,
      body: JSON.stringify({ 'x-hasura-role': 'admin' }),
      headers: cookies.map(([, value]) => ['Set-Cookie', value ?? ''] as const),
    };
  });
}
