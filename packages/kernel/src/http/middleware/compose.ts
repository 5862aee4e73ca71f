import { errorResponse } from '../respond.ts';
import type { Handler, HttpRequest, HttpResponse } from '../types.ts';

/** A function that puts something around a handler. */
export type Middleware = (inner: Handler) => Handler;

/** Wraps `handler`, the first middleware outermost. */
export function compose(middlewares: readonly Middleware[], handler: Handler): Handler {
  return middlewares.reduceRight((inner, middleware) => middleware(inner), handler);
}

/** Changes a response without making a synchronous one wait. */
export function mapResponse(
  result: HttpResponse | Promise<HttpResponse>,
  change: (response: HttpResponse) => HttpResponse | Promise<HttpResponse>,
): HttpResponse | Promise<HttpResponse> {
  return result instanceof Promise ? result.then(change) : change(result);
}

/** Turns what the handler throws into a response, so that the middlewares around it see one. */
export function recover(onError: (error: unknown, request: HttpRequest) => void): Middleware {
  return inner => request => {
    const failed = (error: unknown) => {
      onError(error, request);
      return errorResponse(error);
    };
    try {
      const result = inner(request);
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  };
}
