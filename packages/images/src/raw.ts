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
  const { options } = parsed;
  const gone = new AbortController();
  request.onAborted(() => gone.abort(new ImagesError('cancelled', 'The client has gone away.')));
  const conditions = Object.fromEntries(passedRequest.map(name => [name, request.headers[name]]));
  const answer = await openSource(request, parsed, deps, gone.signal, conditions);
  const headers = passedResponse.flatMap(name => {
    const value = answer.headers[name.toLowerCase()];
    return value === undefined ? [] : [name, value];
  });
  const { 'content-length': length, 'content-type': contentType = '' } = answer.headers;
  const named = answer.status >= 200 && answer.status < 300;
  const disposition = contentDisposition({
    source: answer.path,
    filename: options.filename ?? '',
    extension: '',
    contentType,
    attachment: options.returnAttachment ?? config.answers.returnAttachment,
  });
  return {
    status: answer.status,
    headers: [
      ...headers,
      ...(length === undefined ? [] : ['Content-Length', length]),
      ...canonical(parsed.source, config),
      ...shared(answer.status, options, answer.headers, config, false).slice(0, 2),
      ...(named ? ['Content-Disposition', disposition] : []),
    ],
    body: answer.status === 304 || answer.status === 204 ? null : closing(answer),
  };
}

async function* closing(source: SourceResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* source.body;
  } finally {
    source.close();
  }
}
