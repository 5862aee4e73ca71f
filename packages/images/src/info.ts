/** `/info/SIGNATURE/SOURCE`: what a picture is, as JSON, without drawing it. The signature counts what follows it. */
import { type HttpRequest, type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import type { Deps } from './deps.ts';
import { ImagesError } from './errors.ts';
import { fetchSource } from './fetch.ts';
import { loadable } from './formats.ts';
import { parseRequest } from './request.ts';

/** @throws {ImagesError} */
export async function answerInfo(
  request: HttpRequest,
  deps: Deps,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { pathPrefix } = deps.config.server;
  const target = pathPrefix + request.target.slice(`${pathPrefix}/info`.length);
  const parsed = parseRequest({ ...request, target }, deps.config);
  using _ = await deps.queue.enter(signal);
  using lease = deps.budget.lease();
  const { picture } = await fetchSource(request, parsed, deps, lease, signal);
  try {
    if (!loadable.has(picture.format)) {
      throw new ImagesError('format', `Source image format is not supported: ${picture.format}`);
    }
    const job = { kind: 'info', format: picture.format } as const;
    const { result } = await deps.engine.run(job, picture.data, lease, signal);
    return jsonResponse(200, result.info);
  } finally {
    deps.pool.give(picture.data);
  }
}
