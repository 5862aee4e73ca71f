/** One picture's way: options, cache, source, engine, answer. */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { acceptedFormats, readFeatures } from './answer/features.ts';
import { holdAnswer } from './answer/heldBody.ts';
import { notModified, pictureAnswer, type Told } from './answer/picture.ts';
import { sourceConditions } from './answer/validators.ts';
import type { CachedPicture } from './cache/pictureCache.ts';
import type { ImagesConfig } from './config.ts';
import type { Deps } from './deps.ts';
import { ImagesError } from './errors.ts';
import type { Emit, Span } from './events.ts';
import { type Fetched, fetchPicture } from './fetch.ts';
import { loadable } from './formats.ts';
import type { Lease } from './memory/budget.ts';
import { type ParsedUrl, parseOptions } from './parse/options.ts';
import { splitPath } from './parse/path.ts';
import { verifySignature } from './parse/signature.ts';
import { answerRaw } from './raw.ts';
import { assertSavable } from './refused.ts';
import { isNotModified } from './source/conditions.ts';
import { assertAllowed } from './source/sourceUrl.ts';

const nowS = (): number => Date.now() / 1000;

/** @throws {ImagesError} */
export async function answerPicture(
  request: HttpRequest,
  requestId: string,
  deps: Deps,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const parsed = parseRequest(request, deps.config);
  if (parsed.options.raw) return await answerRaw(request, parsed, deps);
  assertSavable(parsed.options.format);
  using held = new DisposableStack();
  const lease = held.use(deps.budget.lease());
  const response = await cachedOrDrawn(request, requestId, parsed, deps, lease, signal);
  return await holdAnswer(response, lease, held, deps.config.server.writeTimeoutMs);
}

async function cachedOrDrawn(
  request: HttpRequest,
  requestId: string,
  parsed: ParsedUrl,
  deps: Deps,
  lease: Lease,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const cached = (await deps.cache?.get(parsed, lease, signal)) ?? null;
  if (cached?.isFresh) return cachedAnswer(request, parsed, cached, deps.config);
  using _ = await timed(deps.emit, 'queue', () => deps.queue.enter(signal));
  deps.emit({ kind: 'images', change: 1 });
  try {
    return await drawAnswer(request, requestId, parsed, cached, deps, lease, signal);
  } finally {
    deps.emit({ kind: 'images', change: -1 });
  }
}

/** @throws {ImagesError} the URL is not one that may be asked for */
export function parseRequest({ target, headers }: HttpRequest, config: ImagesConfig): ParsedUrl {
  const signed = splitPath(target, config.server.pathPrefix);
  verifySignature(signed, config.signature);
  const start = readFeatures(headers, config.features);
  const parsed = parseOptions(signed.path, start, config.options, nowS);
  if (parsed.options.best) parsed.options.accepts = [...acceptedFormats(headers)];
  assertAllowed(parsed.source, config.sources.allowed);
  return parsed;
}

async function drawAnswer(
  request: HttpRequest,
  requestId: string,
  parsed: ParsedUrl,
  cached: CachedPicture | null,
  deps: Deps,
  lease: Lease,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { config } = deps;
  // Who has an answer of its own asks whether that still holds, and not what the client has.
  const conditions =
    cached === null ? sourceConditions(request.headers, config.answers) : conditionsOf(cached);
  const fetched = await timed(deps.emit, 'downloading_source_image', () =>
    fetchPicture(request, requestId, parsed, deps, conditions, lease, signal),
  );
  try {
    if (fetched.kind === 'picture') return await draw(parsed, fetched, deps, lease, signal);
    if (cached === null) return notModified(parsed.options, fetched.headers, config);
    deps.cache?.confirm(parsed);
    return cachedAnswer(request, parsed, cached, config);
  } finally {
    if (fetched.kind === 'picture' && !fetched.fallback) deps.pool.give(fetched.picture.data);
  }
}

async function draw(
  parsed: ParsedUrl,
  fetched: Extract<Fetched, { readonly kind: 'picture' }>,
  deps: Deps,
  lease: Lease,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { picture, headers } = fetched;
  if (!loadable.has(picture.format)) {
    throw new ImagesError('format', `Source image format is not supported: ${picture.format}`);
  }
  const job = { kind: 'process', options: parsed.options, format: picture.format } as const;
  const drawn = await timed(deps.emit, 'processing_image', () =>
    deps.engine.run(job, picture.data, lease, signal),
  );
  // The source is let go of before the answer has gone out.
  const data = drawn.data ?? Buffer.from(picture.data);
  const told: Told = { ...fetched, bytes: picture.data.length };
  if (!fetched.fallback && !fetched.personal) {
    deps.cache?.put(parsed, { result: drawn.result, headers, bytes: told.bytes, data });
  }
  return pictureAnswer(parsed, told, drawn.result, data, deps.config);
}

function conditionsOf({ headers }: CachedPicture): Readonly<Record<string, string>> {
  return {
    ...(headers.etag !== undefined && { 'if-none-match': headers.etag }),
    ...(headers['last-modified'] !== undefined && { 'if-modified-since': headers['last-modified'] }),
  };
}

function cachedAnswer(
  request: HttpRequest,
  parsed: ParsedUrl,
  { headers, result, bytes, data }: CachedPicture,
  config: ImagesConfig,
): HttpResponse {
  const conditions = sourceConditions(request.headers, config.answers);
  const modified = headers['last-modified'] === undefined ? undefined : new Date(headers['last-modified']);
  if (isNotModified(conditions, headers.etag, modified)) return notModified(parsed.options, headers, config);
  const told: Told = { status: 200, headers, validators: headers, fallback: false, bytes };
  return pictureAnswer(parsed, told, result, data, config);
}

async function timed<Result>(emit: Emit, span: Span, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    emit({ kind: 'span', span, durationMs: performance.now() - start });
  }
}
