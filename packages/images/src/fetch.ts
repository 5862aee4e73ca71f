/** A request's source: opened with what goes on to it, read whole, replaced by the fallback image where it cannot be had. */
import type { HttpRequest } from '@peakstone/kernel/http';
import type { Deps } from './deps.ts';
import type { Picture } from './engine/types.ts';
import { asImagesError, ImagesError } from './errors.ts';
import type { Lease } from './memory/budget.ts';
import type { ParsedUrl } from './parse/options.ts';
import { passedCookies } from './source/cookies.ts';
import { type Downloaded, download } from './source/download.ts';
import type { SourceHeaders, SourceResponse } from './source/types.ts';

export type Fetched =
  | { readonly kind: 'unchanged'; readonly headers: SourceHeaders }
  | {
      readonly kind: 'picture';
      readonly picture: Picture;
      readonly headers: SourceHeaders;
      /** Those that ETag and Last-Modified are made of. */
      readonly validators: SourceHeaders;
      readonly status: number;
      readonly fallback: boolean;
      /** Asked for with the client's own cookies: it is for nobody else. */
      readonly personal: boolean;
    };

/** @throws {ImagesError} */
export async function fetchPicture(
  request: HttpRequest,
  requestId: string,
  parsed: ParsedUrl,
  deps: Deps,
  conditions: SourceHeaders,
  lease: Lease,
  signal: AbortSignal,
): Promise<Fetched> {
  const { config } = deps;
  // A source that answered and is no picture still says how long its answer holds.
  let answered: SourceHeaders = {};
  try {
    const response = await openSource(request, parsed, deps, signal, conditions);
    if (response.status === 304) {
      response.close();
      return { kind: 'unchanged', headers: response.headers };
    }
    if (response.status === 200) answered = response.headers;
    const { picture, headers } = await receive(response, parsed, deps, lease, signal);
    return {
      kind: 'picture',
      picture,
      headers,
      validators: headers,
      status: 200,
      fallback: false,
      personal: isPersonal(request, parsed, deps),
    };
  } catch (error) {
    const refusal = asImagesError(error);
    if (deps.fallback === null || refusal.kind === 'cancelled' || refusal.kind === 'timeout') throw refusal;
    deps.emit({ kind: 'fallback', requestId, error: refusal.message });
    deps.emit({ kind: 'error', category: refusal.category });
    const status = config.answers.fallbackStatus || refusal.status;
    return {
      kind: 'picture',
      picture: deps.fallback,
      headers: {},
      validators: answered,
      status,
      fallback: true,
      personal: false,
    };
  }
}

/** The source whole, whatever the client has of it. */
export async function fetchSource(
  request: HttpRequest,
  parsed: ParsedUrl,
  deps: Deps,
  lease: Lease,
  signal: AbortSignal,
): Promise<Downloaded> {
  return await receive(await openSource(request, parsed, deps, signal, {}), parsed, deps, lease, signal);
}

async function receive(
  response: SourceResponse,
  { options }: ParsedUrl,
  { config, pool }: Deps,
  lease: Lease,
  signal: AbortSignal,
): Promise<Downloaded> {
  const maxBytes = options.maxSrcFileSize ?? config.sources.maxFileBytes;
  return await download(response, { maxBytes, pool, lease, signal });
}

/** The source's answer, with a time of its own for all of it. */
export async function openSource(
  request: HttpRequest,
  { source }: ParsedUrl,
  { config, readSource }: Deps,
  signal: AbortSignal,
  conditions: SourceHeaders,
): Promise<SourceResponse> {
  const limit = AbortSignal.timeout(config.sources.downloadTimeoutMs);
  const slow = new AbortController();
  limit.addEventListener('abort', () =>
    slow.abort(new ImagesError('sourceTimeout', 'The source took longer than it may.')),
  );
  const both = AbortSignal.any([signal, slow.signal]);
  const cookie = passedCookies(request.headers, source, config.sources);
  const headers = { ...conditions, ...(cookie !== undefined && { cookie }) };
  const response = await readSource({ source, headers, signal: both });
  return { ...response, body: unlessAborted(response.body, both) };
}

/** The body, until the time is over: whoever waits for the next piece is told so. */
async function* unlessAborted(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  promise.catch(() => undefined);
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await Promise.race([pieces.next(), promise]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function isPersonal({ headers }: HttpRequest, { source }: ParsedUrl, { config }: Deps): boolean {
  return passedCookies(headers, source, config.sources) !== undefined;
}
