/** Sources that are passed on without being looked at. */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { contentDisposition } from './answer/disposition.ts';
import { canonical, shared } from './answer/picture.ts';
import type { Deps } from './deps.ts';
import { ImagesError } from './errors.ts';
import { openSource } from './fetch.ts';
import type { ParsedUrl } from './parse/options.ts';
import type { SourceResponse } from './source/types.ts';

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
export async function answerRaw(request: HttpRequest, parsed: ParsedUrl, deps: Deps): Promise<HttpResponse> {
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
