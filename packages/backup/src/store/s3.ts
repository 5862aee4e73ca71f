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
  const call = (method: string, url: URL, options: CallOptions = {}): Promise<Response> =>
    send(place, method, url, options);
  async function* pages(query: Readonly<Record<string, string>>): AsyncGenerator<string> {
    for (let token = '', more = true; more; ) {
      const url = new URL(`${base}${place.endpoint ? '' : '/'}`);
      const all = { 'list-type': '2', ...query, ...(token !== '' && { 'continuation-token': token }) };
      for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
      const page = await (await call('GET', url)).text();
      yield page;
      token = textOf(page, 'NextContinuationToken');
      more = /<IsTruncated>true<\/IsTruncated>/.test(page) && token !== '';
    }
  }
  const store: Store = {
    place: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    isRemote: true,
    async put(key, bytes, { ifAbsent = false } = {}) {
      const headers: Record<string, string> = ifAbsent ? { 'if-none-match': '*' } : {};
      const answer = await call('PUT', urlOf(key), { body: bytes, headers, accept: [412, 409, 501] });
      if (answer.ok) return true;
      if (answer.status === 409 || answer.status === 501) {
        if (!ifAbsent) throw refusal(place, answer.status, await answer.text());
        // A server without conditions, or two writers in this moment: a look decides.
        if (await store.get(key)) return false;
        if (answer.status === 409) return await store.put(key, bytes, { ifAbsent });
        return await store.put(key, bytes);
      }
      // It may be our own, whose answer was lost on the way.
      const found = await store.get(key);
      return found?.equals(bytes) === true && answer.headers.get('x-peakstone-tries') !== '1';
    },
    async get(key) {
      const answer = await call('GET', urlOf(key), { accept: [404] });
      if (answer.status === 404) {
        assertBucket(place, await answer.text());
        return undefined;
      }
      if (Number(answer.headers.get('content-length') ?? 0) > maxObjectBytes)
        throw new BackupError(
          'CORRUPT',
          `${key} in ${store.place} is too large to be ours.`,
          'Look at what wrote it.',
        );
      return Buffer.from(await answer.arrayBuffer());
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
      for (const key of keys) await (await call('DELETE', urlOf(key), { accept: [404] })).arrayBuffer();
    },
  };
  return store;
}

interface CallOptions {
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses besides 2xx that the caller understands. */
  readonly accept?: readonly number[];
}

/** Sends, again where the network or the server was at fault. @throws {BackupError} STORE */
async function send(place: S3Place, method: string, url: URL, options: CallOptions): Promise<Response> {
  const { body = new Uint8Array(), headers = {}, accept = [] } = options;
  const digest = createHash('sha256').update(body).digest('hex');
  let failure: BackupError | undefined;
  for (let attempt = 1, pauseMs = firstPauseMs; attempt <= tries; attempt++, pauseMs *= 2) {
    if (attempt > 1) await sleep(pauseMs * (0.5 + Math.random()));
    try {
      const signed = sign(
        place,
        method,
        url,
        { ...headers, 'x-amz-content-sha256': digest },
        digest,
        new Date(),
      );
      const answer = await fetch(url, {
        method,
        headers: signed,
        // A view on our own memory, which fetch would otherwise not take.
        ...(method === 'PUT' && { body: body as Uint8Array<ArrayBuffer> }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (answer.ok || accept.includes(answer.status)) return numbered(answer, attempt);
      const text = (await answer.text()).slice(0, 2000);
      failure = refusal(place, answer.status, text);
      if (answer.status < 500 && answer.status !== 429 && answer.status !== 408) throw failure;
    } catch (error) {
      if (error === failure) throw error;
      const { message, cause } = error as Error & { cause?: { message?: string } };
      failure = new BackupError(
        'STORE',
        `${nameOf(place)} cannot be reached: ${cause?.message || message}.`,
        'Check BACKUP_S3_ENDPOINT and the network.',
        error,
      );
    }
  }
  throw failure!;
}

/** Which try it was: whoever is told that an object exists wants to know whether a try before may have made it. */
function numbered(answer: Response, attempt: number): Response {
  const headers = new Headers(answer.headers);
  headers.set('x-peakstone-tries', String(attempt));
  return new Response(answer.body, { status: answer.status, headers });
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
