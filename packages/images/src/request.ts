/** One picture's way: options, source, engine, answer. */
import { encodeHeader, type HttpRequest, type HttpResponse } from '@peakstone/kernel/http';
import { contentDisposition } from './answer/disposition.ts';
import { acceptedFormats, readFeatures, varyOf } from './answer/features.ts';
import { cacheControl } from './answer/freshness.ts';
import { sourceConditions, validatorHeaders } from './answer/validators.ts';
import type { ImagesConfig } from './config.ts';
import type { Picture, ProcessResult } from './engine/types.ts';
import { asImagesError, ImagesError } from './errors.ts';
import type { Emit, Span } from './events.ts';
import { formats, loadable, savable } from './formats.ts';
import type { Engine } from './host/engine.ts';
import type { Options } from './options/types.ts';
import { type ParsedUrl, parseOptions } from './parse/options.ts';
import { splitPath } from './parse/path.ts';
import { verifySignature } from './parse/signature.ts';
import type { Queue } from './queue.ts';
import { passedCookies } from './source/cookies.ts';
import { type Downloaded, download, type SourceMemory } from './source/download.ts';
import type { SourceHeaders, SourceReader, SourceResponse } from './source/types.ts';

/** What requests need, live. */
export interface Deps {
  readonly config: ImagesConfig;
  readonly engine: Engine;
  readonly queue: Queue;
  readonly memory: SourceMemory;
  readonly readSource: SourceReader;
  /** Null without one. */
  readonly fallback: Picture | null;
  readonly emit: Emit;
}

const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";
export const securityHeaders: readonly string[] = ['Content-Security-Policy', contentSecurityPolicy];

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
  const { format } = parsed.options;
  if (format !== undefined && format !== 'svg' && !savable.has(format)) {
    throw new ImagesError('format', `Resulting image format is not supported: ${format}`);
  }
  using _ = await timed(deps.emit, 'queue', () => deps.queue.enter(signal));
  deps.emit({ kind: 'images', change: 1 });
  try {
    return await drawAnswer(request, requestId, parsed, deps, signal);
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
  const { allowed } = config.sources;
  if (allowed.length > 0 && !allowed.some(pattern => pattern.test(parsed.sourceUrl))) {
    throw new ImagesError('sourceUrl', `Source URL is not allowed: ${parsed.sourceUrl}`);
  }
  return parsed;
}

async function drawAnswer(
  request: HttpRequest,
  requestId: string,
  parsed: ParsedUrl,
  deps: Deps,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { config } = deps;
  const fetched = await timed(deps.emit, 'downloading_source_image', () =>
    fetchPicture(request, requestId, parsed, deps, signal),
  );
  try {
    if (fetched.kind === 'unchanged') return notModified(parsed.options, fetched.headers, config);
    const { picture } = fetched;
    if (!loadable.has(picture.format)) {
      throw new ImagesError('format', `Source image format is not supported: ${picture.format}`);
    }
    const job = { kind: 'process', options: parsed.options, format: picture.format } as const;
    const drawn = await timed(deps.emit, 'processing_image', () =>
      deps.engine.run(job, picture.data, signal),
    );
    return pictureAnswer(parsed, fetched, drawn.result, drawn.data ?? picture.data, config);
  } finally {
    if (fetched.kind === 'picture') deps.memory.release(fetched.held);
  }
}

type Fetched =
  | { readonly kind: 'unchanged'; readonly headers: SourceHeaders }
  | {
      readonly kind: 'picture';
      readonly picture: Picture;
      readonly headers: SourceHeaders;
      /** Those that ETag and Last-Modified are made of. */
      readonly validators: SourceHeaders;
      readonly status: number;
      readonly fallback: boolean;
      /** Of the memory of sources. */
      readonly held: number;
    };

async function fetchPicture(
  request: HttpRequest,
  requestId: string,
  parsed: ParsedUrl,
  deps: Deps,
  signal: AbortSignal,
): Promise<Fetched> {
  const { config } = deps;
  // A source that answered and is no picture still says how long its answer holds.
  let answered: SourceHeaders = {};
  try {
    const conditions = sourceConditions(request.headers, config.answers);
    const response = await openSource(request, parsed, deps, signal, conditions);
    if (response.status === 304) {
      response.close();
      return { kind: 'unchanged', headers: response.headers };
    }
    if (response.status === 200) answered = response.headers;
    const { picture, headers } = await receive(response, parsed, deps);
    const held = picture.data.length;
    return { kind: 'picture', picture, headers, validators: headers, status: 200, fallback: false, held };
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
      held: 0,
    };
  }
}

/** The source whole, whatever the client has of it. What it takes of the memory is for the caller to release. */
export async function fetchSource(
  request: HttpRequest,
  parsed: ParsedUrl,
  deps: Deps,
  signal: AbortSignal,
): Promise<Downloaded> {
  return await receive(await openSource(request, parsed, deps, signal, {}), parsed, deps);
}

async function receive(
  response: SourceResponse,
  { options }: ParsedUrl,
  { config, memory }: Deps,
): Promise<Downloaded> {
  const maxBytes = options.maxSrcFileSize ?? config.sources.maxFileBytes;
  return await download(response, { maxBytes, memory });
}

/** The source's answer, with a time of its own for all of it. */
async function openSource(
  request: HttpRequest,
  { sourceUrl }: ParsedUrl,
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
  const cookie = passedCookies(request.headers, sourceUrl, config.sources);
  const headers = { ...conditions, ...(cookie !== undefined && { cookie }) };
  const response = await readSource({ url: sourceUrl, headers, signal: both });
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

async function timed<Result>(emit: Emit, span: Span, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    emit({ kind: 'span', span, durationMs: performance.now() - start });
  }
}

function pictureAnswer(
  { options, sourceUrl }: ParsedUrl,
  fetched: Extract<Fetched, { readonly kind: 'picture' }>,
  result: ProcessResult,
  data: Buffer,
  config: ImagesConfig,
): HttpResponse {
  const { answers } = config;
  const headers = [
    'Content-Type',
    formats[result.format].mime,
    'Content-Disposition',
    contentDisposition({
      source: sourceUrl,
      filename: options.filename ?? '',
      extension: formats[result.format].extension,
      contentType: '',
      attachment: options.returnAttachment ?? answers.returnAttachment,
    }),
    ...shared(fetched.status, options, fetched.headers, config, fetched.fallback),
    ...canonical(sourceUrl, config),
    ...validatorHeaders(fetched.validators, answers),
    ...(answers.debugHeaders ? debugHeaders(result, fetched.picture.data.length) : []),
  ];
  return { status: fetched.status, headers, body: data };
}

function debugHeaders(result: ProcessResult, bytes: number): readonly string[] {
  return [
    'X-Origin-Width',
    String(result.originWidth),
    'X-Origin-Height',
    String(result.originHeight),
    'X-Result-Width',
    String(result.resultWidth),
    'X-Result-Height',
    String(result.resultHeight),
    'X-Origin-Content-Length',
    String(bytes),
  ];
}

function notModified(options: Options, source: SourceHeaders, config: ImagesConfig): HttpResponse {
  const headers = [
    ...shared(304, options, source, config, false),
    ...validatorHeaders(source, config.answers),
  ];
  return { status: 304, headers, body: null };
}

/** Cache-Control and Vary. */
function shared(
  status: number,
  options: Options,
  source: SourceHeaders,
  { answers, features }: ImagesConfig,
  fallback: boolean,
): readonly string[] {
  const control = cacheControl(status, source, {
    ttl: answers.ttl,
    passthrough: answers.cacheControlPassthrough,
    expires: options.expires,
    fallbackTtl: fallback ? answers.fallbackTtl : 0,
    nowS: nowS(),
  });
  const vary = [varyOf(features), options.best ? 'Accept' : ''].find(each => each !== '') ?? '';
  return [...(control === null ? [] : ['Cache-Control', control]), ...(vary === '' ? [] : ['Vary', vary])];
}

function canonical(sourceUrl: string, { answers }: ImagesConfig): readonly string[] {
  if (!answers.canonicalHeader || !/^https?:\/\//.test(sourceUrl)) return [];
  const safe = sourceUrl.replace(/[\x00-\x20\x7f<>"]/g, encodeURIComponent);
  return ['Link', encodeHeader(`<${safe}>; rel="canonical"`)];
}

const passedRequest = ['if-none-match', 'if-modified-since', 'accept-encoding', 'range'] as const;
const passedResponse = [
  'Content-Type',
  'Content-Encoding',
  'Content-Range',
  'Accept-Ranges',
  'Last-Modified',
  'ETag',
] as const;

/** The source as it comes, its status and conditions included. */
async function answerRaw(request: HttpRequest, parsed: ParsedUrl, deps: Deps): Promise<HttpResponse> {
  const { config } = deps;
  const { options, sourceUrl } = parsed;
  const gone = new AbortController();
  request.onAborted(() => gone.abort(new ImagesError('cancelled', 'The client has gone away.')));
  const conditions = Object.fromEntries(passedRequest.map(name => [name, request.headers[name]]));
  const source = await openSource(request, parsed, deps, gone.signal, conditions);
  const headers = passedResponse.flatMap(name => {
    const value = source.headers[name.toLowerCase()];
    return value === undefined ? [] : [name, value];
  });
  const { 'content-length': length, 'content-type': contentType = '' } = source.headers;
  const named = source.status >= 200 && source.status < 300;
  const disposition = contentDisposition({
    source: source.path,
    filename: options.filename ?? '',
    extension: '',
    contentType,
    attachment: options.returnAttachment ?? config.answers.returnAttachment,
  });
  return {
    status: source.status,
    headers: [
      ...headers,
      ...(length === undefined ? [] : ['Content-Length', length]),
      ...canonical(sourceUrl, config),
      ...shared(source.status, options, source.headers, config, false).slice(0, 2),
      ...(named ? ['Content-Disposition', disposition] : []),
    ],
    body: source.status === 304 || source.status === 204 ? null : closing(source),
  };
}

async function* closing(source: SourceResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* source.body;
  } finally {
    source.close();
  }
}
