/** The bytes that a request brings, out of whatever they come wrapped in, and all that has to be true of them. */
import { createHash, hash } from 'node:crypto';
import { HttpError, type HttpRequest } from '@peakstone/kernel/http';
import type { PayloadForm } from '../auth/payloadForm.ts';
import { S3Error } from '../errors/s3Error.ts';
import type { Checksum } from '../store/rows.ts';
import {
  type Algorithm,
  assertShape,
  checksums,
  type Digest,
  type ExpectedChecksum,
  headerOf,
  readExpected,
} from './checksum.ts';
import { readChunked } from './chunked.ts';

/** What is known of a body once it is read. */
export interface Received {
  /** Hex. */
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

export interface PayloadOptions {
  /** An algorithm to compute where the client names none. */
  readonly fallback?: Algorithm | undefined;
  /** Whether checksums in headers are of this body: of the completion of an upload they are of the object. Default true. */
  readonly isDescribed?: boolean;
}

export class Payload {
  /** Of the bytes within; undefined where the client does not say. */
  readonly length: number | undefined;
  readonly expected: ExpectedChecksum | undefined;
  readonly #request: HttpRequest;
  readonly #form: PayloadForm;
  readonly #md5: string | undefined;
  readonly #fallback: Algorithm | undefined;
  #received: Received | undefined;

  /** @throws {S3Error} InvalidDigest, InvalidRequest */
  constructor(
    request: HttpRequest,
    form: PayloadForm,
    { fallback, isDescribed = true }: PayloadOptions = {},
  ) {
    const { headers } = request;
    this.#request = request;
    this.#form = form;
    this.#fallback = fallback;
    const trailers = (headers['x-amz-trailer'] ?? '').split(',').map(name => name.trim().toLowerCase());
    this.expected = isDescribed
      ? readExpected(headers, form.kind === 'chunks' && form.trailer ? trailers : [])
      : undefined;
    const md5 = headers['content-md5'];
    if (md5 !== undefined && !/^[A-Za-z0-9+/]{22}==$/.test(md5))
      throw new S3Error('InvalidDigest', { elements: { 'Content-MD5': md5 } });
    this.#md5 = md5 === undefined ? undefined : Buffer.from(md5, 'base64').toString('hex');
    const stated =
      form.kind === 'chunks' ? headers['x-amz-decoded-content-length'] : headers['content-length'];
    if (stated !== undefined && !/^\d{1,16}$/.test(stated)) throw new S3Error('MissingContentLength');
    this.length = stated === undefined ? undefined : Number(stated);
  }

  /** Known when the stream has ended. */
  get received(): Received {
    if (this.#received === undefined) throw new Error('The body has not been read to its end');
    return this.#received;
  }

  /**
   * The bytes. Ends only when everything is as the client said: length, digest, checksum, signatures.
   * @throws {S3Error} IncompleteBody, BadDigest, XAmzContentSHA256Mismatch, EntityTooLarge …
   */
  async *stream(maxBytes: number): AsyncGenerator<Buffer> {
    if (this.length !== undefined && this.length > maxBytes) throw tooLarge(this.length, maxBytes);
    const trailers = new Map<string, string>();
    const form = this.#form;
    const md5 = createHash('md5');
    const sha256 = form.kind === 'digest' ? createHash('sha256') : undefined;
    const algorithm = this.#algorithm;
    const digest: Digest | undefined = algorithm && checksums[algorithm].make();
    let bytes = 0;
    const raw = incompleteInsteadOfBrokenOff(this.#request.stream());
    for await (const chunk of form.kind === 'chunks' ? readChunked(raw, form, trailers) : raw) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      if (this.length !== undefined && bytes > this.length) throw new S3Error('IncompleteBody');
      md5.update(chunk);
      sha256?.update(chunk);
      digest?.update(chunk);
      yield chunk;
    }
    this.#finish(bytes, md5.digest('hex'), sha256?.digest('hex'), digest?.digest(), trailers);
  }

  /** Whether the whole is no larger than that, and comes as it is: then `small` is cheaper than a stream. */
  isSmall(mostBytes: number): boolean {
    return this.#form.kind !== 'chunks' && this.length !== undefined && this.length <= mostBytes;
  }

  /** All of a small one, at once. @throws {S3Error} as `stream` */
  async small(): Promise<Buffer> {
    const body = await this.#request.body(this.length).catch(translate);
    const algorithm = this.#algorithm;
    const digest = algorithm && checksums[algorithm].make();
    digest?.update(body);
    const sha256 = this.#form.kind === 'digest' ? hash('sha256', body, 'hex') : undefined;
    this.#finish(body.length, hash('md5', body, 'hex'), sha256, digest?.digest(), new Map());
    return body;
  }

  /** The whole of a small one. @throws {S3Error} MalformedXML beyond the limit, and what `stream` does */
  async whole(maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(maxBytes)) pieces.push(piece);
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  get #algorithm(): Algorithm | undefined {
    return this.expected?.algorithm ?? this.#fallback;
  }

  /** Holds what came against all that was said of it. */
  #finish(
    bytes: number,
    md5: string,
    sha256: string | undefined,
    digest: Buffer | undefined,
    trailers: ReadonlyMap<string, string>,
  ): void {
    if (this.length !== undefined && bytes !== this.length) throw new S3Error('IncompleteBody');
    if (this.#form.kind === 'digest' && sha256 !== this.#form.sha256)
      throw new S3Error('XAmzContentSHA256Mismatch');
    if (this.#md5 !== undefined && this.#md5 !== md5)
      throw new S3Error('BadDigest', { elements: { CalculatedDigest: md5, ExpectedDigest: this.#md5 } });
    this.#received = { md5, checksum: digest && this.#check(this.#algorithm!, digest, trailers) };
  }

  #check(algorithm: Algorithm, digest: Buffer, trailers: ReadonlyMap<string, string>): Checksum {
    const value = digest.toString('base64');
    const { expected } = this;
    if (expected !== undefined && !expected.isOwn) {
      const wanted = expected.value ?? trailers.get(headerOf(algorithm));
      if (wanted === undefined)
        throw new S3Error('IncompleteBody', 'The checksum announced in x-amz-trailer did not come.');
      assertShape(algorithm, wanted);
      if (wanted !== value)
        throw new S3Error(
          'BadDigest',
          `The ${algorithm} you specified did not match the calculated checksum.`,
        );
    }
    return { algorithm, value, type: 'FULL_OBJECT' };
  }
}

function tooLarge(bytes: number, maxBytes: number): S3Error {
  return new S3Error('EntityTooLarge', {
    elements: { ProposedSize: String(bytes), MaxSizeAllowed: String(maxBytes) },
  });
}

async function* incompleteInsteadOfBrokenOff(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch (error) {
    translate(error);
  }
}

/** What the HTTP edge says of a body that does not come, in S3's words. */
function translate(error: unknown): never {
  if (error instanceof HttpError && error.status === 400)
    throw new S3Error('IncompleteBody', { cause: error });
  if (error instanceof HttpError && error.status === 408)
    throw new S3Error('RequestTimeout', { cause: error });
  throw error;
}
