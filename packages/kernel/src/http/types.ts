/**
 * The HTTP edge's contract: handlers are runtime-neutral functions from request to response.
 * A handler called in process by the gateway behaves exactly as one behind its own listener.
 *
 * It is called when the header block has arrived, and with the body only when that is small (64 KiB) and came along.
 * So a service decides by method, target and headers first (token, privilege, `content-length`) and calls `body()` or
 * `stream()` when it wants the rest. If it answers or throws without doing so, the upload isn't read into memory: the
 * client gets the answer, up to 4 MiB or 1 s of what it still sends is thrown away so that it sees it, and the connection
 * closes. A client that asked with `Expect: 100-continue` isn't told to send.
 */
export type Handler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface HttpRequest {
  readonly method: string;
  /** Path and query as received, still percent-encoded: `/films?id=eq.1`. ASCII: what a client left unencoded is encoded by the edge, or refused. */
  readonly target: string;
  /** `target` up to the first `?`, still percent-encoded. */
  readonly path: string;
  /** `target` after the first `?`, still percent-encoded; empty when there is none. */
  readonly query: string;
  /** Names in lower case; repeated fields joined as node:http joins them. Values are latin1-decoded. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Fields as they came, `name, value, …`, where some came more than once; absent where `headers` says it all. For signatures over them. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** Peer address; `''` on a unix socket. */
  readonly remoteAddress: string;
  /**
   * Reads the whole body. It counts among the bodies that requests in work hold in memory until this one is answered.
   * @throws {HttpError} 413 when it exceeds `maxBytes` (the server's limit when absent), before anything is read when its
   * length is announced; 400 when the client breaks off; 503 with Retry-After when bodies hold all the memory they may.
   */
  body(maxBytes?: number): Promise<Buffer>;
  /**
   * Counts bytes that the handler makes of the body, and keeps until it has answered, among the bodies in memory.
   * @throws {HttpError} 503 with Retry-After when they hold all the memory they may.
   */
  hold(bytes: number): void;
  /** The body as chunks under back-pressure, for handlers that stream: it holds next to no memory. Exclusive with `body()`. */
  stream(): AsyncIterable<Buffer>;
  /** Calls `listener` once if the client goes away before the response has ended. */
  onAborted(listener: () => void): void;
}

/** A body: nothing, text (sent as UTF-8), bytes, several buffers written together without a copy, or a stream under back-pressure. */
export type HttpBody = null | string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface HttpResponse {
  readonly status: number;
  /** Flat `name, value, name, value …` so that order and repetition survive. The edge adds Date, Connection and, unless the body is a stream or the handler gave one, Content-Length. */
  readonly headers: readonly string[];
  readonly body: HttpBody;
  /** Reason phrase, when the reference sends an own one. */
  readonly statusText?: string;
}
