/** A store in an S3 bucket, with the few calls that any server of the protocol has. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sign } from '@peakstone/kernel/sigv4';
import { BackupError } from '../errors.ts';
import { isKey, maxObjectBytes, type Store, type StoredObject } from './store.ts';

export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slashes around; may be empty. */
  readonly prefix: string;
  /** Origin of a server that is not Amazon's; buckets are paths there. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

const tries = 5;
const firstPauseMs = 250;
/** Of one try; an object has some megabytes. */
const timeoutMs = 120_000;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html */
export function s3Store(place: S3Place): Store {
  const { bucket, prefix, region } = place;
  const base = place.endpoint
    ? `${place.endpoint}/${bucket}`
    : `https://${bucket}.s3.${region}.amazonaws.com`;
  const top = prefix === '' ? '' : `${prefix}/`;
  const urlOf = (key: string): URL => {
    if (!isKey(key)) throw new RangeError(`'${key}' is no key`);
    return new URL(`${base}/${top}${key}`);
  };
  const call = (method: string, url: URL, options: CallOptions): Promise<Answer> =>
    send(place, method, url, options);
  async function* pages(query: Readonly<Record<string, string>>): AsyncGenerator<string> {
    for (let token = '', more = true; more; ) {
      const url = new URL(`${base}${place.endpoint ? '' : '/'}`);
      const all = { 'list-type': '2', ...query, ...(token !== '' && { 'continuation-token': token }) };
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
      const page = (await call('GET', url, { isWell: isWholePage })).bytes.toString();
      yield page;
      token = textOf(page, 'NextContinuationToken');
      more = textOf(page, 'IsTruncated') === 'true';
    }
  }
  const store: Store = {
    place: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    isRemote: true,
    async put(key, bytes, { ifAbsent = false } = {}) {
      const headers: Record<string, string> = ifAbsent ? { 'if-none-match': '*' } : {};
      const answer = await call('PUT', urlOf(key), {
        ...{ body: bytes, headers, accept: [412, 409, 501] },
        isWell: isReceipt,
      });
      if (answer.ok) return true;
      if (answer.status === 409 || answer.status === 501) {
        if (!ifAbsent) throw refusal(place, answer.status, answer.bytes.toString());
        // A server without conditions, or two writers in this moment: a look decides.
        if (await store.get(key)) return false;
        if (answer.status === 409) return await store.put(key, bytes, { ifAbsent });
        return await store.put(key, bytes);
      }
      // It may be our own, whose answer was lost on the way.
      const found = await store.get(key);
      return found?.equals(bytes) === true && answer.tries > 1;
    },
    async get(key) {
      const answer = await call('GET', urlOf(key), { accept: [404], isWell: isObject });
      if (answer.status !== 404) return answer.bytes;
      assertBucket(place, answer.bytes.toString());
      return undefined;
    },
    async list(wanted) {
      const found: StoredObject[] = [];
      for await (const page of pages({ prefix: top + wanted })) {
        for (const [, contents] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const key = textOf(contents!, 'Key').slice(top.length);
          if (isKey(key)) found.push({ key, bytes: Number(textOf(contents!, 'Size')) });
        }
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    },
    async folders() {
      const found: string[] = [];
      for await (const page of pages({ prefix: top, delimiter: '/' })) {
        for (const [, contents] of page.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs))
          found.push(textOf(contents!, 'Prefix').slice(top.length, -1));
      }
      return found.filter(isKey).sort();
    },
    async delete(keys) {
      for (const key of keys) await call('DELETE', urlOf(key), { accept: [404], isWell: isRemoved });
    },
  };
  return store;
}

interface CallOptions {
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses besides 2xx that the caller understands. */
  readonly accept?: readonly number[];
  /** Whether it is an answer of S3's, and not of what stands before it: a page of a balancer, say, which would be taken for one. */
  readonly isWell: (answer: Answer) => boolean;
}

/** An answer that has come whole. */
interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly type: string;
  readonly bytes: Buffer;
  /** Which try it was: whoever is told that an object exists wants to know whether a try before may have made it. */
  readonly tries: number;
}

/** Sends, and reads what is answered, again where the network or the server was at fault. @throws {BackupError} STORE, CORRUPT */
async function send(place: S3Place, method: string, url: URL, options: CallOptions): Promise<Answer> {
  const { body = new Uint8Array(), headers = {}, accept = [], isWell } = options;
  const digest = createHash('sha256').update(body).digest('hex');
  const received = new Received();
  let failure: BackupError | undefined;
  for (let attempt = 1, pauseMs = firstPauseMs; attempt <= tries; attempt++, pauseMs *= 2) {
    if (attempt > 1) await sleep(pauseMs * (0.5 + Math.random()));
    try {
      const asked = { ...headers, ...received.rest, 'x-amz-content-sha256': digest };
      const signed = sign(place, method, url, asked, digest, new Date());
      const answer = await fetch(url, {
        method,
        headers: signed,
        // A view on our own memory, which fetch would otherwise not take.
        ...(method === 'PUT' && { body: body as Uint8Array<ArrayBuffer> }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, ok } = answer;
      await received.take(answer);
      const isUnderstood = ok || accept.includes(status);
      const type = answer.headers.get('content-type') ?? '';
      const whole: Answer = { status, ok, type, bytes: received.bytes, tries: attempt };
      if (isUnderstood && isWell(whole)) return whole;
      failure = isUnderstood
        ? notOfS3(place, whole)
        : refusal(place, status, received.bytes.toString('utf8', 0, 2000));
      received.forget();
      if (isUnderstood) continue;
      // Another object than the one whose beginning has come: from its own beginning.
      const isOther = status === 412 || status === 416;
      if (status < 500 && status !== 429 && status !== 408 && !isOther) throw failure;
    } catch (error) {
      if (error === failure || error instanceof BackupError) throw error;
      const { message, cause } = error as Error & { cause?: { message?: string } };
      failure = new BackupError(
        'STORE',
        received.hasBegun
          ? `What ${nameOf(place)} sends is cut off: ${cause?.message || message}.`
          : `${nameOf(place)} cannot be reached: ${cause?.message || message}.`,
        'Check BACKUP_S3_ENDPOINT and the network.',
        error,
      );
    }
  }
  throw failure!;
}

/** A page of a list, to its end: what is cut, or none, would be taken for a store without objects. */
function isWholePage({ bytes }: Answer): boolean {
  const page = bytes.toString();
  if (!/^\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?<ListBucketResult[\s>]/.test(page)) return false;
  if (!/<\/ListBucketResult>\s*$/.test(page)) return false;
  const more = textOf(page, 'IsTruncated');
  return more === 'false' || (more === 'true' && textOf(page, 'NextContinuationToken') !== '');
}

/** An object, or S3's own word that there is none. */
function isObject({ status, type, bytes }: Answer): boolean {
  return status === 404 ? /<Code>NoSuch(?:Key|Bucket)<\/Code>/.test(bytes.toString()) : !isHtml(type);
}

/** S3 says nothing of what it has stored but its mark. */
function isReceipt({ ok, bytes, type }: Answer): boolean {
  return ok ? bytes.length === 0 : !isHtml(type);
}

function isRemoved({ type }: Answer): boolean {
  return !isHtml(type);
}

function isHtml(type: string): boolean {
  return /^text\/html\b/i.test(type);
}

function notOfS3(place: S3Place, { status, type }: Answer): BackupError {
  return new BackupError(
    'STORE',
    `${nameOf(place)} answers something that is not of S3’s protocol (${status}${type === '' ? '' : `, ${type}`}).`,
    'Look at what stands before it: a proxy, or a page that says it is being maintained; and at BACKUP_S3_ENDPOINT.',
  );
}

/** What has come of an answer's body, over several tries. */
class Received {
  #pieces: Buffer[] = [];
  #length = 0;
  #etag: string | null = null;
  hasBegun = false;

  get bytes(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#length);
  }

  /** Asks for what is left of the same object, where its beginning has come. */
  get rest(): Readonly<Record<string, string>> {
    if (this.#length === 0 || this.#etag === null) return {};
    return { range: `bytes=${this.#length}-`, 'if-match': this.#etag };
  }

  /** @throws {TypeError} where it is cut off {BackupError} CORRUPT where it is larger than any of ours */
  async take(answer: Response): Promise<void> {
    this.hasBegun = true;
    // A server without ranges, or one that refuses, begins anew.
    const isRest =
      answer.status === 206 && answer.headers.get('content-range')?.startsWith(`bytes ${this.#length}-`);
    if (!isRest) this.forget();
    if (answer.status === 206 && !isRest) throw new TypeError('another part came than was asked for');
    const isCompressed = answer.headers.has('content-encoding');
    // Of what is packed for the way, a place in it is none in the object.
    if (answer.status === 200 && !isCompressed) this.#etag = answer.headers.get('etag');
    const wanted = Number(answer.headers.get('content-length') ?? Number.NaN);
    const before = this.#length;
    for await (const piece of answer.body ?? []) {
      this.#pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
      this.#length += piece.byteLength;
      if (this.#length > maxObjectBytes)
        throw new BackupError(
          'CORRUPT',
          `What ${new URL(answer.url).pathname} answers is too large to be ours.`,
          'Look at what wrote it.',
        );
    }
    if (!isCompressed && wanted > this.#length - before)
      throw new TypeError(`${this.#length - before} of ${wanted} bytes have come`);
  }

  forget(): void {
    this.#pieces = [];
    this.#length = 0;
    this.#etag = null;
  }
}

const todo: Readonly<Record<string, string>> = {
  SignatureDoesNotMatch: 'BACKUP_S3_SECRET_KEY is not the secret of BACKUP_S3_ACCESS_KEY.',
  InvalidAccessKeyId: 'Check BACKUP_S3_ACCESS_KEY.',
  AccessDenied: 'The key needs GetObject, PutObject, DeleteObject and ListBucket there.',
  NoSuchBucket: 'Make the bucket, or name another one (BACKUP_STORE).',
  RequestTimeTooSkewed: 'Set this machine’s clock right.',
  AuthorizationHeaderMalformed: 'Set BACKUP_S3_REGION to the bucket’s.',
  PermanentRedirect: 'Set BACKUP_S3_REGION to the bucket’s.',
};

function refusal(place: S3Place, status: number, text: string): BackupError {
  const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1];
  const said = textOf(text, 'Message');
  return new BackupError(
    'STORE',
    `${nameOf(place)} refuses (${status}${code ? ` ${code}` : ''})${said ? `: ${said.replace(/\.$/, '')}` : ''}.`,
    todo[code ?? ''] ?? 'Check BACKUP_STORE and the BACKUP_S3_ settings.',
  );
}

/** An absent object is no error, an absent bucket is. */
function assertBucket(place: S3Place, text: string): void {
  if (text.includes('<Code>NoSuchBucket</Code>')) throw refusal(place, 404, text);
}

function nameOf({ bucket, endpoint }: S3Place): string {
  return endpoint ? `Bucket ${bucket} at ${endpoint}` : `Bucket ${bucket}`;
}

/** Of the first element of that name; empty where there is none. */
function textOf(xml: string, name: string): string {
  return decodeXml(new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(xml)?.[1] ?? '');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeXml(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(amp|lt|gt|quot|apos));/g, (_, hex, decimal, name) =>
    name ? entities[name]! : String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10)),
  );
}
