import { tooLarge } from '../errors.ts';
import { withRequest } from '../request.ts';
import { errorResponse } from '../respond.ts';
import type { HttpRequest } from '../types.ts';
import type { Middleware } from './compose.ts';

/** Refuses bodies over `maxBytes` with 413: at once when their length is announced, else while they are read. */
export function bodyLimit(maxBytes: number): Middleware {
  return inner => request => {
    const length = request.headers['content-length'];
    if (length !== undefined) {
      return Number(length) > maxBytes ? errorResponse(tooLarge(maxBytes)) : inner(request);
    }
    if (request.headers['transfer-encoding'] === undefined) return inner(request);
    return inner(
      withRequest(request, {
        body: (own = maxBytes) => request.body(Math.min(own, maxBytes)),
        stream: () => limited(request, maxBytes),
      }),
    );
  };
}

async function* limited(request: HttpRequest, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of request.stream()) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}
