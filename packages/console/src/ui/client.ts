/** How pages speak to the console. */

import type { Answered, Routes, Sent } from '../api/route.ts';
import type { RefusalBody } from '../refusal.ts';
import { token, type Who } from './token.ts';

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly body: RefusalBody;
  constructor(body: RefusalBody) {
    super(body.message);
    this.body = body;
  }
}

/** The stack does not answer: it is asked again by whoever asked. */
const AWAY: RefusalBody = {
  code: 'away',
  message: 'The stack does not answer',
  hint: 'It is asked again by itself; what you typed stays here.',
};

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Called when a call finds that the session has ended. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export interface Calls<Api extends Routes> {
  call<Name extends keyof Api & string>(
    name: Name,
    input: Sent<Api[Name]>,
    signal?: AbortSignal,
  ): Promise<Answered<Api[Name]>>;
  /** Lines as they come; ends with the last, throws what the stream says that it ended by. */
  stream<Name extends keyof Api & string>(
    name: Name,
    input: Sent<Api[Name]>,
    signal?: AbortSignal,
  ): AsyncGenerator<Answered<Api[Name]>>;
}

/** The calls of a table of routes, which is needed for its types alone. */
export function callsOf<Api extends Routes>(): Calls<Api> {
  return {
    call: async (name, input, signal) => await (await post(name, input, signal)).json(),
    stream: async function* (name, input, signal) {
      const response = await post(name, input, signal);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read().catch(() => {
          throw new Refused(AWAY);
        });
        if (done) throw new Refused(AWAY);
        const lines = (rest + value).split('\n');
        rest = lines.pop()!;
        for (const text of lines) {
          const line = JSON.parse(text);
          if (line.kind === 'end') return;
          if (line.kind === 'refused') throw new Refused(line);
          yield line;
        }
      }
    },
  };
}

export async function signIn(
  way: { link: string } | { secret: string } | { name: string; password: string },
): Promise<Who & { token: string }> {
  return (await (await post('session/begin', way)).json()) as Who & { token: string };
}

export async function lookWho(): Promise<Who> {
  return (await (await post('session/look', {})).json()) as Who;
}

export async function signOut(): Promise<void> {
  await post('session/end', {});
}

async function post(name: string, input: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/console/api/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Console-Token': token() ?? '' },
      body: JSON.stringify(input),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(AWAY);
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => AWAY)) as RefusalBody;
  // The gateway's own words, while the console is away.
  const refusal = body.code === undefined ? { ...AWAY, hint: body.message ?? AWAY.hint } : body;
  if (refusal.code === 'signedOut' && !name.startsWith('session/'))
    for (const listener of signedOut) listener();
  throw new Refused(refusal);
}
