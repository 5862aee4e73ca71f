/**
 * A refusal that the HTTP edge turns into a response when a handler lets it pass.
 * `message` states the fact for the client; it must not carry secrets.
 */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly hint: string | null;
  /** Extra response headers, flat. */
  readonly headers: readonly string[];

  constructor(
    status: number,
    message: string,
    options: { hint?: string; headers?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = status;
    this.hint = options.hint ?? null;
    this.headers = options.headers ?? [];
  }
}

/** The refusal of a body over its limit, in the words both lanes use. */
export function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'Request body is too large', { hint: `The limit is ${maxBytes} bytes.` });
}
