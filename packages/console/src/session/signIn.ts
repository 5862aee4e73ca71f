/** Signing in and out: the only calls that need no session. */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import * as v from 'valibot';
import type { Audit } from '../audit/audit.ts';
import type { Operator } from '../operators/roles.ts';
import type { OperatorStore } from '../operators/store.ts';
import { Refusal } from '../refusal.ts';
import { sessionCookie, sessionId } from './cookie.ts';
import { assertSameOrigin } from './guard.ts';
import { takeLink } from './links.ts';
import type { Sessions } from './sessions.ts';
import { Throttle } from './throttle.ts';
import { isSame } from './token.ts';

/** Who comes with the stack's own secret, or by its link. */
export const FIRST_OPERATOR: Operator = { name: 'operator', role: 'admin' };

const MAX_BODY_BYTES = 4096;

const Ways = v.union([
  v.object({ link: v.pipe(v.string(), v.maxLength(100)) }),
  v.object({ secret: v.pipe(v.string(), v.maxLength(1024)) }),
  v.object({
    name: v.pipe(v.string(), v.maxLength(100)),
    password: v.pipe(v.string(), v.maxLength(1024)),
  }),
]);

export interface SignInDeps {
  readonly sessions: Sessions;
  readonly operators: OperatorStore;
  readonly audit: Audit;
  /** The stack's own folder of the console, where links are left. */
  readonly folder: string;
  /** The stack's secret; null lets nobody in by it. */
  readonly secret: string | null;
}

/** What the page learns of who it is. */
export interface SignedIn extends Operator {
  /** Absent where the page has it already. */
  readonly token?: string;
}

export interface SignIn {
  begin(request: HttpRequest): Promise<HttpResponse>;
  /** Who a page is that has its token. */
  look(request: HttpRequest): HttpResponse;
  end(request: HttpRequest): HttpResponse;
}

export function createSignIn({ sessions, operators, audit, folder, secret }: SignInDeps): SignIn {
  const throttle = new Throttle();
  const identify = async (way: v.InferOutput<typeof Ways>): Promise<Operator | null> => {
    if ('link' in way) return takeLink(folder, way.link) ? FIRST_OPERATOR : null;
    if ('secret' in way) return secret !== null && isSame(way.secret, secret) ? FIRST_OPERATOR : null;
    return await operators.check(way.name, way.password);
  };
  return {
    async begin(request) {
      assertPost(request);
      const address = request.headers['x-forwarded-for'] ?? request.remoteAddress;
      const wait = throttle.waitS(address);
      if (wait > 0) throw new Refusal('throttled', 'Too many attempts', `Wait ${wait} seconds.`);
      const way = parseWay(await request.body(MAX_BODY_BYTES));
      const operator = await identify(way);
      const entry = {
        who: operator?.name ?? ('name' in way ? way.name : ''),
        from: address,
        request: request.headers['x-request-id'] ?? '',
        call: 'session/begin',
        capability: 'sign-in' as const,
      };
      if (operator === null) {
        throttle.failed(address);
        audit.add({ ...entry, outcome: 'refused' });
        throw new Refusal(
          'signedOut',
          'link' in way ? 'This link has been used, or is too old' : 'That is not right',
          'link' in way
            ? 'Make another: peakstone console'
            : 'The stack’s secret is CONSOLE_SECRET: peakstone console makes a link.',
        );
      }
      audit.add({ ...entry, outcome: 'done' });
      const { id, token } = sessions.begin(operator.name, operator.role, address);
      return signedIn({ ...operator, token }, ['Set-Cookie', sessionCookie(request, id)]);
    },
    look(request) {
      assertPost(request);
      const session = sessions.find(sessionId(request), request.headers['x-console-token']);
      if (session === null) throw new Refusal('signedOut', 'You are not signed in');
      return signedIn({ name: session.name, role: session.role }, []);
    },
    end(request) {
      assertPost(request);
      const id = sessionId(request);
      if (id !== undefined && sessions.find(id, request.headers['x-console-token'])) sessions.end(id);
      return { status: 204, headers: ['Set-Cookie', sessionCookie(request, '')], body: null };
    },
  };
}

function signedIn(who: SignedIn, headers: readonly string[]): HttpResponse {
  return {
    status: 200,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...headers],
    body: JSON.stringify(who),
  };
}

function assertPost(request: HttpRequest): void {
  if (request.method !== 'POST') throw new Refusal('method', 'Calls of the console are made by POST');
  assertSameOrigin(request);
}

function parseWay(body: Buffer): v.InferOutput<typeof Ways> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new Refusal('input', 'The body is no JSON');
  }
  const parsed = v.safeParse(Ways, value);
  if (!parsed.success) throw new Refusal('input', 'Send a secret, a name and password, or a link');
  return parsed.output;
}
