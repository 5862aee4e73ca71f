/**
 * The one way into the API: who asks, from where, with which right; then the input's shape; then the call. What no table
 * names cannot be called, and what declares no capability is no route.
 */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { safeParse } from 'valibot';
import { may } from '../operators/roles.ts';
import { Refusal } from '../refusal.ts';
import { sessionId } from '../session/cookie.ts';
import { assertSameOrigin } from '../session/guard.ts';
import type { Call, Resources, Route, Routes } from './route.ts';

export const API_PATH = '/console/api/';
const MAX_BODY_BYTES = 2 ** 20;

export interface DispatchDeps extends Resources {
  readonly routes: Routes;
}

export type Dispatch = (request: HttpRequest) => Promise<HttpResponse>;

export function createDispatch({ routes, ...resources }: DispatchDeps): Dispatch {
  const table = new Map(Object.entries(routes));
  return async request => {
    const name = request.path.slice(API_PATH.length);
    const found = table.get(name);
    if (found === undefined) throw new Refusal('unknown', `The console has no call ${name}`);
    if (request.method !== 'POST') throw new Refusal('method', 'Calls of the console are made by POST');
    assertSameOrigin(request);
    const session = resources.sessions.find(sessionId(request), request.headers['x-console-token']);
    if (session === null)
      throw new Refusal('signedOut', 'You are not signed in', 'Sign in; nothing that you typed is lost.');
    const entry = {
      who: session.name,
      from: request.headers['x-forwarded-for'] ?? request.remoteAddress,
      request: request.headers['x-request-id'] ?? '',
      call: name,
      capability: found.capability,
    };
    if (!may(session.role, found.capability)) {
      resources.audit.add({ ...entry, outcome: 'refused', reason: `as ${session.role}` });
      throw new Refusal(
        'forbidden',
        `A ${session.role} may not do this`,
        `It takes the right to ${found.capability}. Ask an administrator of the stack.`,
      );
    }
    const input = parseInput(found, await request.body(found.maxBytes ?? MAX_BODY_BYTES));
    const noted: { statement?: string; rows?: number } = {};
    const call: Call = {
      ...resources,
      operator: { name: session.name, role: session.role },
      signal: abortSignal(request),
      note: done => void Object.assign(noted, done),
    };
    // Looks are too many to be of use, and change nothing.
    const isKept = found.audited ?? found.capability !== 'view';
    // Before it is done as well: a crash in between leaves the attempt.
    if (isKept) resources.audit.add({ ...entry, outcome: 'begun' });
    const tell = (end: Ending): void => {
      if (isKept) resources.audit.add({ ...entry, ...noted, ...end });
    };
    return found.kind === 'stream'
      ? streamed(found.run(call, input), tell)
      : await answered(found.run(call, input), tell);
  };
}

type Ending = { readonly outcome: 'done' | 'failed'; readonly reason?: string };

async function answered(result: Promise<unknown>, tell: (end: Ending) => void): Promise<HttpResponse> {
  try {
    const value = await result;
    tell({ outcome: 'done' });
    return {
      status: 200,
      headers: [...HEADERS, 'Content-Type', 'application/json'],
      body: JSON.stringify(value ?? null),
    };
  } catch (error) {
    tell({ outcome: 'failed', reason: (error as Error).message });
    throw error;
  }
}

/** Line after line; the last one says that it was the last, or why there is no more. */
function streamed(lines: AsyncIterable<unknown>, tell: (end: Ending) => void): HttpResponse {
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
      tell({ outcome: 'done' });
      yield Buffer.from('{"kind":"end"}\n');
    } catch (error) {
      tell({ outcome: 'failed', reason: (error as Error).message });
      if (!(error instanceof Refusal)) throw error;
      yield Buffer.from(`${JSON.stringify({ kind: 'refused', ...error.body })}\n`);
    }
  }
  return { status: 200, headers: [...HEADERS, 'Content-Type', 'application/x-ndjson'], body: body() };
}

const HEADERS = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'];

/** @throws {Refusal} it has another shape; the value itself is not said again */
function parseInput(found: Route, body: Buffer): unknown {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new Refusal('input', 'The body is no JSON');
  }
  const parsed = safeParse(found.input, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new Refusal(
    'input',
    `${where === '' ? 'The input' : where} is not as it should be`,
    `Expected ${issue.expected ?? 'another value'}.`,
  );
}

function abortSignal(request: HttpRequest): AbortSignal {
  const controller = new AbortController();
  request.onAborted(() => controller.abort());
  return controller.signal;
}
