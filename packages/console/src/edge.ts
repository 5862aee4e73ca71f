/** The console as a handler: the page, its files, signing in, and the calls. What is thrown below becomes an answer here. */
import {
  type Handler,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  jsonResponse,
  textResponse,
} from '@peakstone/kernel/http';
import { API_PATH, type Dispatch } from './api/dispatch.ts';
import type { Assets } from './assets/assets.ts';
import { Refusal } from './refusal.ts';
import { isOwnHost } from './session/guard.ts';
import type { SignIn } from './session/signIn.ts';

export const CONSOLE_PATH = '/console';
const SESSION_PATH = `${API_PATH}session/`;

export interface EdgeDeps {
  /** Null where they could not be built. */
  readonly assets: () => Promise<Assets | null>;
  readonly signIn: SignIn;
  readonly dispatch: Dispatch;
  /** Names that the console is served under, besides addresses and this machine's. */
  readonly hosts: ReadonlySet<string>;
  /** A fault of ours, which the client is not told. */
  readonly onFault: (error: unknown, request: HttpRequest) => void;
}

export function createEdge({ assets, signIn, dispatch, hosts, onFault }: EdgeDeps): Handler {
  const session: Readonly<Record<string, (request: HttpRequest) => HttpResponse | Promise<HttpResponse>>> = {
    begin: signIn.begin,
    look: signIn.look,
    end: signIn.end,
  };
  const route = async (request: HttpRequest): Promise<HttpResponse> => {
    if (!isOwnHost(request.headers.host, hosts))
      throw new Refusal(
        'foreign',
        'The console is not served under this name',
        'Open it by its address, or name the host in DOMAIN_CONSOLE.',
      );
    if (request.path.startsWith(API_PATH)) {
      const called = request.path.startsWith(SESSION_PATH)
        ? session[request.path.slice(SESSION_PATH.length)]
        : dispatch;
      if (called === undefined) throw new Refusal('unknown', 'The console has no such call');
      return await called(request);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new Refusal('method', 'Pages are asked for by GET');
    if (request.path === '/' || request.path === CONSOLE_PATH) return movedTo(`${CONSOLE_PATH}/`);
    const files = await assets();
    const file = files?.file(request, request.path.slice(CONSOLE_PATH.length + 1));
    return file ?? files?.page() ?? notBuilt();
  };
  return async request => {
    try {
      return await route(request);
    } catch (error) {
      return refused(error, request, onFault);
    }
  };
}

function refused(error: unknown, request: HttpRequest, onFault: EdgeDeps['onFault']): HttpResponse {
  const headers = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'];
  if (error instanceof Refusal) return jsonResponse(error.status, error.body, headers);
  if (error instanceof HttpError)
    return jsonResponse(error.status, { code: 'http', message: error.message, hint: error.hint }, [
      ...headers,
      ...error.headers,
    ]);
  onFault(error, request);
  return jsonResponse(
    500,
    { code: 'fault', message: 'The console failed at this', hint: 'peakstone logs console says why.' },
    headers,
  );
}

function movedTo(location: string): HttpResponse {
  return { status: 308, headers: ['Location', location], body: null };
}

function notBuilt(): HttpResponse {
  return textResponse(503, 'The console’s pages could not be built: peakstone logs console says why.\n');
}
