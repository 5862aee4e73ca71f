/**
 * A server of S3's protocol in this process. What it checks of a signature is that it fits the request that has come, by the
 * product's own `sign`, which the kernel's sigv4.test.ts holds to the specification's examples.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sign } from '@peakstone/kernel/sigv4';

export const credentials = { region: 'eu-west-1', accessKey: 'AKIDTEST', secretKey: 'secret/of+the test' };

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As much of an object as is asked for, while it is the one that is meant. */
function part(found: Buffer, { headers }: IncomingMessage): Answer {
  const etag = `"${createHash('md5').update(found).digest('hex')}"`;
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) return { status: 412 };
  const from = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
  if (from === undefined) return { status: 200, body: found, headers: { etag } };
  const range = `bytes ${from}-${found.length - 1}/${found.length}`;
  return { status: 206, body: found.subarray(Number(from)), headers: { etag, 'content-range': range } };
}

/** Buckets in memory, two objects a page; answers as S3 does, and says no to what is signed wrongly. */
export class TestS3 {
  readonly objects = new Map<string, Buffer>();
  /** Statuses that the next requests get, whatever they ask. */
  readonly trouble: number[] = [];
  /** Pages that whatever stands before it answers to the next requests whose path and query have this in them. */
  readonly pages: {
    readonly of: string;
    readonly status: number;
    readonly body: string;
    readonly type?: string;
  }[] = [];
  /** Bytes after which the connection ends under the answers to the next GETs; of objects whose name has `cutIn` in it. */
  readonly cuts: number[] = [];
  cutIn = '';
  /** Bytes of bodies sent. */
  sent = 0;
  requests = 0;
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(({ status, body = '', headers = {} }) => {
        const bytes = Buffer.from(body);
        const cut =
          request.method === 'GET' && decodeURIComponent(request.url!).includes(this.cutIn)
            ? this.cuts.shift()
            : undefined;
        this.sent += Math.min(bytes.length, cut ?? bytes.length);
        response.writeHead(status, { ...headers, 'content-length': bytes.length });
        if (cut === undefined || cut >= bytes.length) response.end(bytes);
        else response.write(bytes.subarray(0, cut), () => setImmediate(() => request.socket.destroy()));
      });
    });
    await new Promise<void>(resolve => this.#server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    this.requests++;
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const no = (status: number, code: string) => ({
      status,
      body: `<Error><Code>${code}</Code><Message>No &amp; never.</Message></Error>`,
    });
    const url = decodeURIComponent(request.url!);
    const at = this.pages.findIndex(({ of }) => url.includes(of));
    if (at >= 0) {
      const [{ status, body, type = 'text/html' }] = this.pages.splice(at, 1) as [
        (typeof this.pages)[number],
      ];
      return { status, body, headers: { 'content-type': type } };
    }
    const status = this.trouble.shift();
    if (status !== undefined) {
      // As a server that did it, and whose answer was lost.
      if (status === 599) await this.#do(request, body);
      return no(status === 599 ? 500 : status, 'InternalError');
    }
    if (!this.#isSigned(request, body)) return no(403, 'SignatureDoesNotMatch');
    return await this.#do(request, body);
  }

  #isSigned(request: IncomingMessage, body: Buffer): boolean {
    const digest = createHash('sha256').update(body).digest('hex');
    if (request.headers['x-amz-content-sha256'] !== digest) return false;
    const given = String(request.headers.authorization);
    const names = /SignedHeaders=([^,]+)/
      .exec(given)![1]!
      .split(';')
      .filter(name => !['host', 'x-amz-date'].includes(name));
    const headers = Object.fromEntries(names.map(name => [name, String(request.headers[name])]));
    const date = String(request.headers['x-amz-date']).replace(
      /^(....)(..)(..T..)(..)(..Z)$/,
      '$1-$2-$3:$4:$5',
    );
    const url = new URL(request.url!, `http://${request.headers.host}`);
    return sign(credentials, request.method!, url, headers, digest, new Date(date)).authorization === given;
  }

  async #do(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const url = new URL(request.url!, 'http://x');
    const [, bucket, ...rest] = url.pathname.split('/');
    const key = rest.join('/');
    const missing = (code: string) => ({ status: 404, body: `<Error><Code>${code}</Code></Error>` });
    if (bucket !== 'bucket') return missing('NoSuchBucket');
    if (key === '') return { status: 200, body: this.#list(url.searchParams) };
    const found = this.objects.get(key);
    switch (request.method) {
      case 'PUT':
        if (request.headers['if-none-match'] === '*' && found) return { status: 412 };
        this.objects.set(key, body);
        return { status: 200 };
      case 'GET':
        return found ? part(found, request) : missing('NoSuchKey');
      default:
        this.objects.delete(key);
        return { status: 204 };
    }
  }

  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const from = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter(key => key.startsWith(prefix)).sort();
    if (query.get('delimiter')) {
      const folders = new Set(
        keys
          .filter(key => key.slice(prefix.length).includes('/'))
          .map(key => `${prefix}${key.slice(prefix.length).split('/')[0]}/`),
      );
      return listOf(
        false,
        [...folders].map(each => `<CommonPrefixes><Prefix>${each}</Prefix></CommonPrefixes>`),
      );
    }
    const page = keys.filter(key => key > from).slice(0, 2);
    const more = keys.some(key => key > (page.at(-1) ?? '\uffff'));
    return listOf(more, [
      ...(more ? [`<NextContinuationToken>${page.at(-1)}</NextContinuationToken>`] : []),
      ...page.map(
        key => `<Contents><Key>${key}</Key><Size>${this.objects.get(key)!.length}</Size></Contents>`,
      ),
    ]);
  }
}

function listOf(more: boolean, elements: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${more}</IsTruncated>${elements.join('')}</ListBucketResult>`;
}
