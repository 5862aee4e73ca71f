/** Where pictures come from: each scheme is a reader. */
import type { ObjectUrl, SourceUrl, WebUrl } from './sourceUrl.ts';

/** Names in lower case. */
export type SourceHeaders = Readonly<Record<string, string | undefined>>;

export interface SourceRequest<Url extends SourceUrl = SourceUrl> {
  readonly source: Url;
  /** Conditions, a range, cookies: what goes on to the source. */
  readonly headers: SourceHeaders;
  readonly signal: AbortSignal;
}

export interface SourceResponse {
  readonly status: number;
  readonly headers: SourceHeaders;
  readonly body: AsyncIterable<Buffer>;
  /** In place of `body`, where all of it can be had at once, into a buffer of the length that is announced: V8 collects its garbage the more often the more buffers there are. */
  readonly whole?: (into: Buffer) => Promise<void>;
  /** Of the address that answered in the end. */
  readonly path: string;
  /** Lets go of a body that nobody reads to its end. */
  close(): void;
}

/** @throws {ImagesError} `unreachable`, `sourceAddress` */
export type SourceReader<Url extends SourceUrl = SourceUrl> = (
  request: SourceRequest<Url>,
) => Promise<SourceResponse>;

/** Of `http://` and `https://`. */
export type WebReader = SourceReader<WebUrl>;
/** Of a store's own scheme. */
export type ObjectReader = SourceReader<ObjectUrl>;

/** An answer without a network. */
export function localResponse(
  status: number,
  headers: SourceHeaders,
  body: AsyncIterable<Buffer> | string = '',
  path = '',
): SourceResponse {
  return {
    status,
    headers,
    path,
    body: typeof body === 'string' ? textBody(body) : body,
    close: () => undefined,
  };
}

async function* textBody(text: string): AsyncGenerator<Buffer> {
  if (text !== '') yield Buffer.from(text);
}
